"""Evaluation: a trained model's objectives on held-out rows; samples are judged on prior draws common to all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite

import torch
from torch import Tensor

from valpnas.contracts.model import Model
from valpnas.errors import TrainingFailedError
from valpnas.graph.tasks import Generation
from valpnas.networks.module import Noise, ValpModule, load_module
from valpnas.seeding import stream, torch_stream
from valpnas.training.data import Prepared
from valpnas.training.fitting import UNKEPT, Fitting
from valpnas.training.objectives import Losses, Score, reconstruction_error, sampled_values, score_prediction
from valpnas.training.scorers import FrechetScorer, fit_scorer

_CHUNK = 256  # rows at once: what a network of maps holds of more is fetched from the system anew by every operation
_PRIOR_SEED = 0  # every candidate of every run is judged on the same prior draws, so that differences are the model's


@dataclass(frozen=True, eq=False)
class Evaluator:
    """Scores models of one problem on its validation or test part."""

    prepared: Prepared
    losses: Losses
    scorers: Mapping[str, FrechetScorer]

    @staticmethod
    def fit(prepared: Prepared, losses: Losses, fitting: Fitting = UNKEPT) -> Evaluator:
        """Fit the reference scorers the problem declares, or take those that ``fitting`` kept."""
        declared = prepared.problem.samplers
        return Evaluator(
            prepared, losses, {output: fit_scorer(how, output, prepared, fitting) for output, how in declared.items()}
        )

    @property
    def yardsticks(self) -> dict[str, float]:
        """The ``floor`` of each generation output's scorer."""
        return {output: scorer.floor for output, scorer in self.scorers.items()}

    @torch.no_grad()
    def scores(self, model: Model, part: str) -> dict[str, Score]:
        """Return each output's score on ``part`` ("validation" or "test").

        Raises:
            TrainingFailedError: a prediction or a figure is not finite.
        """
        module = load_module(model).to(self.prepared.device).eval()
        logits = self._predict(module, part)
        for name, values in logits.items():
            if not bool(torch.isfinite(values).all()):
                raise TrainingFailedError(f"diverged: the predictions of {name!r} are not finite")
        scores = {
            output.name: self._score(module, output.name, logits[output.name], part) for output in model.valp.outputs
        }
        for name, score in scores.items():
            figures = {"objective": score.objective, **score.reported}  # the journal can hold finite numbers only
            if broken := [f"{what} {figure}" for what, figure in figures.items() if not isfinite(figure)]:
                raise TrainingFailedError(f"diverged: {name!r} has {broken[0]}")
        return scores

    def _predict(self, module: ValpModule, part: str) -> dict[str, Tensor]:
        rows = self.prepared.parts[part]
        chunks = [
            module({name: value[start : start + _CHUNK] for name, value in rows.inputs.items()}).values
            for start in range(0, len(rows), _CHUNK)
        ]
        return {output.name: torch.cat([chunk[output.name] for chunk in chunks]) for output in module.valp.outputs}

    def _score(self, module: ValpModule, output: str, logits: Tensor, part: str) -> Score:
        task = module.valp.tasks[output]
        target = self.prepared.parts[part].targets[output]
        if not isinstance(task, Generation):
            return score_prediction(task, logits, target, self.losses.mean_targets[output])
        scorer = self.scorers[output]
        samples = sampled_values(task, module.sample(output, prior(module, output, scorer.samples)))
        if not bool(torch.isfinite(samples).all()):
            raise TrainingFailedError(f"diverged: the samples of {output!r} are not finite")
        score = scorer.score(samples, part)
        reconstruction = reconstruction_error(logits, target)
        return Score(score.objective, {**score.reported, "reconstruction": reconstruction})


def prior(module: ValpModule, output: str, samples: int) -> Noise:
    """Return the fixed prior draws for the last decoders before ``output``, ``(samples, latent)`` each."""
    sizes = module.latent_sizes()
    device = next(module.parameters()).device
    return {
        decoder: torch.randn(samples, sizes[decoder], generator=torch_stream(stream(_PRIOR_SEED, "prior", i))).to(
            device
        )
        for i, decoder in enumerate(module.last_decoders[output])
    }

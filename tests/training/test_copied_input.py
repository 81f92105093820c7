"""A model that copies its input reconstructs it, and draws nothing of worth: neither yardstick falls for it."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from valpnas.contracts.model import Model
from valpnas.graph.valp import Arc, SubNetwork, Valp
from valpnas.networks.decoder import DecoderSpec
from valpnas.networks.dense_spec import DenseSpec, Layer
from valpnas.networks.module import fresh_model
from valpnas.seeding import stream
from valpnas.training.evaluation import Evaluator
from valpnas.training.reference import constant_objectives

from .test_scorers import DECLARED, real_digits, scorer
from .toy_data import losses_of

SIZE = 64


def evaluator(yardstick: str) -> Evaluator:
    prepared = real_digits()
    outputs = tuple(output for output in prepared.problem.outputs if output.name == "sample")
    problem = replace(prepared.problem, outputs=outputs)
    prepared = replace(prepared, problem=problem)
    return Evaluator(prepared, losses_of(prepared), {"sample": scorer(yardstick)})


def copier(spread: float) -> Model:
    """Pixels -> decoder -> sample, linear throughout: the latent is ``spread`` times the image, all but noiseless."""
    problem = real_digits().problem
    body = DenseSpec(SIZE, (Layer(SIZE, "linear"),))
    outputs = [output for output in problem.outputs if output.name == "sample"]
    arcs = [Arc("pixels", "d"), Arc("d", "sample")]
    model = fresh_model(
        Valp.make(problem.inputs, [SubNetwork("d", DecoderSpec(SIZE, body))], outputs, arcs), stream(0, "copier")
    )
    eye = torch.eye(SIZE)
    endings: dict[str, Tensor] = {
        "sources.pixels.mean": spread * eye,
        "bias.mean": torch.full((SIZE,), -spread / 2),
        "bias.log_variance": torch.full((SIZE,), -10.0),
        "outputs.sample.sources.d.weight": 8 / spread * eye,
    }
    weights = {}
    for name, value in model.weights.items():
        body_matrix = "body" in name and value.dim() == 2
        found = [new for ending, new in endings.items() if name.endswith(ending)]
        weights[name] = found[0] if found else eye if body_matrix else torch.zeros_like(value)
    return replace(model, weights=weights)


@pytest.mark.parametrize("yardstick", DECLARED)
@pytest.mark.parametrize("spread", [1.0, 8.0, 40.0])
def test_a_copied_input_is_no_sample(yardstick: str, spread: float) -> None:
    judge = evaluator(yardstick)
    score = judge.scores(copier(spread), "validation")["sample"]
    target = judge.prepared.parts["validation"].targets["sample"]
    of_mean = float((target - judge.losses.mean_targets["sample"]).square().mean())
    real = judge.scorers["sample"].score(judge.prepared.train.targets["sample"][:500], "validation").objective
    assert score.reported["reconstruction"] < 0.2 * of_mean
    assert score.objective > max(5 * real, 0.4 * constant_objectives(judge)["sample"])
    assert min(score.reported["precision"], score.reported["recall"]) < 0.2

"""One base model of the experiment: drawn, trained, looked at, changed in every way, and trained on beside itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from math import isfinite

import numpy as np

from valpnas import catalog
from valpnas.config import RunConfig
from valpnas.contracts.finding import Finding
from valpnas.contracts.model import Model
from valpnas.contracts.operator import Operator, Site, vary
from valpnas.contracts.protocol import Protocol
from valpnas.errors import TrainingFailedError
from valpnas.experiments.gains.measured import UNCHANGED, Measured
from valpnas.experiments.gains.settings import GainSettings
from valpnas.networks.module import fresh_model, multiply_adds_of
from valpnas.networks.random_valp import random_valp
from valpnas.predictors.model_traits import model_traits
from valpnas.predictors.output_traits import Traits
from valpnas.search.build import build_operators, build_protocol, build_space, build_training
from valpnas.seeding import stream
from valpnas.training.clock import BatchClock
from valpnas.training.engine import Engine
from valpnas.training.evaluation import Evaluator
from valpnas.training.view import HeldOutView

_NETWORKS_PER_OUTPUT = 2  # what the paper calls a medium-sized VALP
_DRAWS = 5  # models that may fail to train before the experiment gives up


@dataclass(frozen=True, eq=False)
class Laboratory:
    """Trains and judges models of one problem; the same stream of batches meets every model of a repeat."""

    settings: GainSettings
    evaluator: Evaluator
    engine: Engine

    def base(self, number: int) -> Model:
        """Draw and train base model ``number``; one that cannot be trained is drawn anew.

        Raises:
            TrainingFailedError: five in a row could not.
        """
        run, why = self.settings.run, ""
        for draw in range(_DRAWS):
            rng = stream(run.seed, number, "base", draw)
            try:
                return self._trained(self._drawn(rng), run.initial_batches, rng)
            except TrainingFailedError as error:
                why = error.reason
        raise TrainingFailedError(f"model {number}: none of {_DRAWS} draws could be trained: {why}")

    def findings(self, model: Model, number: int) -> tuple[Finding, ...]:
        """Return what every diagnostic sees in a model that has no peers."""
        view = HeldOutView(model, self.evaluator.prepared, self.evaluator.losses)
        names = [entry.name for entry in catalog.entries("diagnostics") if not catalog.diagnostic(entry.name).compares]
        rng = partial(stream, self.settings.run.seed, number)
        return tuple(f for name in names for f in catalog.diagnostic(name).examine(view, rng(f"diagnose {name}")))

    def traits(self, model: Model) -> dict[str, dict[str, Traits]]:
        """Return the traits of the networks and outputs of a model."""
        return model_traits(HeldOutView(model, self.evaluator.prepared, self.evaluator.losses))

    def changes(self, model: Model, number: int) -> Iterator[tuple[Operator, Site]]:
        """Yield every operator with the sites it is tried at, drawn without replacement where there are too many.

        One that takes from a donor is left out: a base model has no peers.
        """
        operators = build_operators(self._config)[0]
        for name, operator in ((n, o) for n, o in operators.items() if o.scope != "crossover"):
            sites, most = list(operator.sites(model.valp)), self.settings.options.places
            if most and len(sites) > most:
                rng = stream(self.settings.run.seed, number, "places", name)
                sites = [sites[i] for i in sorted(rng.choice(len(sites), most, replace=False))]
            yield from ((operator, site) for site in sites)

    def measure(self, base: Model, number: int, operator: Operator | None, site: Site, repeat: int) -> list[Measured]:
        """Change a clone, train it and judge it at every horizon, and before; a clone that fails ends there.

        ``operator`` is None for the model as it is.
        """
        seed, variant = self.settings.run.seed, operator.name if operator else UNCHANGED
        model = base
        if operator:
            model = vary(operator, (base,), site, stream(seed, number, "vary", variant, str(site), repeat))
        rows, clock = list[Measured](), BatchClock()
        rng, done = stream(seed, number, "retrain", repeat), 0
        for horizon in (0, *self.settings.options.horizons):
            try:
                model, done = self._trained(model, horizon - done, rng, clock), horizon
                rows.append(self._judged(model, Measured(
                    number, variant, site, repeat, horizon, model.parameters, sum(multiply_adds_of(model).values()),
                    clock.seconds, {}, {},
                )))  # fmt: skip
            except TrainingFailedError:  # seen in the table: its later moments are not there
                break
        return rows

    def _drawn(self, rng: np.random.Generator) -> Model:
        problem, run = self.evaluator.prepared.problem, self._config
        count = _NETWORKS_PER_OUTPUT * len(problem.outputs)
        training = {output.name: build_training(run) for output in problem.outputs}
        valp = random_valp(problem.inputs, problem.outputs, run.space, rng, (count, count), training, run.batch_size)
        return fresh_model(valp, rng)

    def _trained(self, model: Model, batches: int, rng: np.random.Generator, clock: BatchClock | None = None) -> Model:
        if not batches:
            return model
        protocol: Protocol = replace(build_protocol(self.settings.run), batches=batches)
        evaluator = self.evaluator
        return self.engine.train(model, evaluator.prepared, evaluator.losses, protocol, rng, clock)

    def _judged(self, model: Model, moment: Measured) -> Measured:
        """Return ``moment`` with objectives and losses; raises ``TrainingFailedError`` where one is not finite."""
        scores = self.evaluator.scores(model, "validation")
        losses = HeldOutView(model, self.evaluator.prepared, self.evaluator.losses).losses()
        if not all(map(isfinite, losses.values())):
            raise TrainingFailedError("diverged: a loss on diagnostic rows is not finite")
        return replace(moment, objectives={name: s.objective for name, s in scores.items()}, losses=losses)

    @property
    def _config(self) -> RunConfig:
        """The run's settings with what they leave to the problem."""
        run = self.settings.run
        return replace(run, space=build_space(run.space, self.evaluator.prepared.problem))

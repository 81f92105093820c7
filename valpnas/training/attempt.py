"""Attempt: one job at work - trained whole or from checkpoint to checkpoint, scored, its best state kept, all counted.

The reported score of a proxy training is the best over its epochs (facts B2), and the state kept is that epoch's.
Training is counted apart from scoring, batches alone (facts B10).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from valpnas.contracts.job import Job
from valpnas.contracts.model import Model
from valpnas.contracts.protocol import Protocol
from valpnas.errors import TrainingFailedError
from valpnas.training.checkpoints import checkpoints_of
from valpnas.training.clock import BatchClock
from valpnas.training.engine import Engine
from valpnas.training.evaluation import Evaluator
from valpnas.training.log_ratio import mean_log_ratio
from valpnas.training.objectives import Score

Watcher = Callable[[int, int], None]  # (checkpoints done, checkpoints to do), of a job that has some
Scores = Mapping[str, Score]


@dataclass(eq=False)
class Attempt:
    """A job at work. ``batches`` and ``seconds`` are right at any time, also when ``run`` has raised.

    ``kept`` are the batches that the state that counts has had, 0 where there was none to choose.
    """

    job: Job
    engine: Engine
    evaluator: Evaluator
    watch: Watcher
    batches: int = 0
    clock: BatchClock = field(default_factory=BatchClock)
    scoring: float = 0.0
    curve: list[Mapping[str, float]] = field(default_factory=list)
    kept: int = 0

    @property
    def seconds(self) -> dict[str, float]:
        """Seconds by account."""
        return {"training": self.clock.seconds, "evaluation": self.scoring}

    def run(self, rng: np.random.Generator) -> tuple[Model, Scores]:
        """Return the state that counts and its scores on validation rows; raises what training or scoring raises."""
        protocol, model = self.job.record.protocol, self.job.model
        if not (ends := checkpoints_of(self.job, len(self.evaluator.prepared.train))):
            if protocol.select == "best-epoch":
                raise TrainingFailedError("expected at least one batch to train for, got none")
            model = self._train(model, protocol, rng)
            return model, self._score(model)
        best: tuple[Model, Scores] | None = None
        for done, (first, last) in enumerate(zip([0, *ends], ends, strict=False), 1):
            model = self._train(model, protocol.part(first, last), rng)
            scores = self._score(model)
            self.curve.append({name: score.objective for name, score in scores.items()})
            if best is None or is_better(scores, best[1]):
                best, self.kept = (model, scores), last
            self.watch(done, len(ends))
        assert best is not None  # noqa: S101 - there is a checkpoint
        return best

    def _train(self, model: Model, protocol: Protocol, rng: np.random.Generator) -> Model:
        if protocol.time_limit:
            left = protocol.time_limit - self.clock.seconds
            if left <= 0:
                raise TrainingFailedError(self._over())
            protocol = replace(protocol, time_limit=left)
        prepared, losses = self.evaluator.prepared, self.evaluator.losses
        try:
            model = self.engine.train(model, prepared, losses, protocol, rng, self.clock)
        except TrainingFailedError as error:
            self.batches += error.batches
            if error.reason.startswith("timed out"):  # it knows the limit of its part alone
                raise TrainingFailedError(self._over()) from error
            raise
        self.batches += protocol.batches
        return model

    def _over(self) -> str:
        protocol = self.job.record.protocol
        return f"timed out: {protocol.time_limit:g} s were over after {self.batches} of {protocol.batches} batches"

    def _score(self, model: Model) -> Scores:
        started = time.perf_counter()
        try:
            return self.evaluator.scores(model, "validation")
        finally:
            self.scoring += time.perf_counter() - started


@dataclass(eq=False)
class TrainedAttempt(Attempt):
    """A job that was trained beside others: what came of the training is there, and only the scoring is left."""

    outcome: Model | Exception = field(kw_only=True)

    def run(self, rng: np.random.Generator) -> tuple[Model, Scores]:  # noqa: ARG002 - its draws are made
        """Return the model and its scores on validation rows; raises what training raised, or what scoring raises."""
        if isinstance(self.outcome, Exception):
            self.batches += getattr(self.outcome, "batches", 0)
            raise self.outcome
        self.batches += self.job.record.protocol.batches
        return self.outcome, self._score(self.outcome)


def is_better(scores: Scores, others: Scores) -> bool:
    """Say whether one state is better than another: by the mean log ratio of objectives, or else the surer one.

    Errors on few rows are often equal, and the cross-entropy still tells which state is surer.
    """
    ratio = mean_log_ratio(*({name: score.objective for name, score in each.items()} for each in (scores, others)))
    surprise, other = (sum(s.reported.get("cross_entropy", 0.0) for s in each.values()) for each in (scores, others))
    return ratio < 0 or (ratio == 0 and surprise < other)

"""The trainer: turns a job into a result, and everything that can go wrong with a candidate into a reason."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from valpnas.contracts.failure import failure_reason
from valpnas.contracts.job import Job, Result
from valpnas.contracts.model import Model
from valpnas.networks.module import multiply_adds_of
from valpnas.training.attempt import Attempt, Watcher
from valpnas.training.data import Prepared
from valpnas.training.engine import Engine, batches_per_epoch
from valpnas.training.evaluation import Evaluator

Streams = Callable[[int, str], np.random.Generator]


def ignore(done: int, planned: int) -> None:
    """Watch nothing."""


@dataclass(frozen=True, eq=False)
class JobTrainer:
    """Trains and evaluates jobs of one run; ``streams`` gives the random stream of a candidate for a purpose.

    ``watch`` sees each epoch of a job that is trained by epochs.
    """

    prepared: Prepared
    evaluator: Evaluator
    engine: Engine
    streams: Streams
    watch: Watcher = ignore

    def __call__(self, job: Job) -> Result:
        """Train and evaluate ``job``; a candidate that fails comes back with its reason, and the search goes on."""
        if job.fault:
            return Result(job.record, reason=job.fault)
        attempt = Attempt(job, self.engine, self.evaluator, self.watch)
        try:
            model, scores = attempt.run(self.streams(job.record.candidate, "train"))
        except Exception as error:  # a plug-in's fault is this candidate's failure: recorded, not hidden
            return Result(
                job.record,
                batches=attempt.batches,
                cost=self._cost(job.model, attempt.batches),
                seconds=attempt.seconds,
                reason=failure_reason(error),
            )
        return Result(
            job.record,
            objectives={name: score.objective for name, score in scores.items()},
            reported={name: dict(score.reported) for name, score in scores.items()},
            batches=attempt.batches,
            cost=self._cost(model, attempt.batches),
            parameters=model.parameters,
            seconds=attempt.seconds,
            model=model,
            curve=tuple(attempt.curve),
        )

    def warm_up(self, job: Job) -> None:
        """Train an epoch of ``job`` and forget it: what a device does once is then in no job's seconds (facts B10).

        Nothing is raised: a job that cannot be trained fails when it is its turn.
        """
        epoch = batches_per_epoch(len(self.prepared.train), job.model.valp.batch_size)
        protocol = job.record.protocol.part(0, min(epoch, job.record.protocol.batches))
        rng = self.streams(job.record.candidate, "warm up")
        with suppress(Exception):
            self.engine.train(job.model, self.prepared, self.evaluator.losses, protocol, rng)

    def _cost(self, model: Model, batches: int) -> float:
        return float(batches * multiply_adds(model, len(self.prepared.train)))


@dataclass(eq=False)
class WarmedUp:
    """A trainer that warms up with the first job it gets."""

    trainer: JobTrainer
    warm: bool = False

    def __call__(self, job: Job) -> Result:
        """Train and evaluate ``job``."""
        if not self.warm and not job.fault:
            self.trainer.warm_up(job)
        self.warm = True
        return self.trainer(job)


def multiply_adds(model: Model, rows: int) -> int:
    """Return the multiply-adds of one batch of a part of ``rows`` rows, forward and backward."""
    return 3 * sum(multiply_adds_of(model).values()) * min(model.valp.batch_size, rows)

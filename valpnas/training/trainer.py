"""The trainer: turns a job into a result, and everything that can go wrong with a candidate into a reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from valpnas.contracts.failure import failure_reason
from valpnas.contracts.job import Job, Result
from valpnas.contracts.model import Model
from valpnas.networks.module import multiply_adds_of
from valpnas.training.attempt import Attempt, TrainedAttempt, Watcher
from valpnas.training.checkpoints import checkpoints_of
from valpnas.training.clock import BatchClock
from valpnas.training.data import Prepared
from valpnas.training.engine import Engine, batches_per_epoch
from valpnas.training.evaluation import Evaluator

Streams = Callable[[int, str], np.random.Generator]


def ignore(done: int, planned: int) -> None:
    """Watch nothing."""


@dataclass(frozen=True, eq=False)
class JobTrainer:
    """Trains and evaluates jobs of one run; ``streams`` gives the random stream of a candidate for a purpose.

    ``watch`` sees each checkpoint of a job that has some.
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
        return self._result(job, Attempt(job, self.engine, self.evaluator, self.watch))

    def together(self, jobs: Sequence[Job]) -> list[Result]:
        """Train and evaluate one of the ``groups``, side by side if they are several."""
        if len(jobs) == 1:
            return [self(jobs[0])]
        clock = BatchClock()
        outcomes = self._outcomes(jobs, clock)
        share = clock.seconds / len(jobs)
        return [
            self._result(job, TrainedAttempt(job, self.engine, self.evaluator, self.watch, outcome=outcome), share)
            for job, outcome in zip(jobs, outcomes, strict=True)
        ]

    def groups(self, jobs: Sequence[Job]) -> list[list[Job]]:
        """Return ``jobs`` by what is trained side by side: what the engine stacks of those under one protocol.

        Jobs with checkpoints to choose from or a time limit are trained alone: both are a job's own affair.
        """
        alike: dict[object, list[Job]] = {}
        for job in jobs:
            protocol = job.record.protocol
            own = job.fault or checkpoints_of(job, len(self.prepared.train)) or protocol.time_limit
            alike.setdefault(job.record.candidate if own else protocol, []).append(job)
        found = [
            [those[i] for i in stack]
            for those in alike.values()
            for stack in ([[0]] if len(those) == 1 else self.engine.stacks([job.model for job in those]))
        ]
        return sorted(found, key=lambda group: group[0].record.candidate)

    def _outcomes(self, jobs: Sequence[Job], clock: BatchClock) -> Sequence[Model | Exception]:
        protocol, losses = jobs[0].record.protocol, self.evaluator.losses
        rngs = [self.streams(job.record.candidate, "train") for job in jobs]
        try:
            return self.engine.train_side_by_side(
                [job.model for job in jobs], self.prepared, losses, protocol, rngs, clock
            )
        except Exception as error:  # it is the failure of all of them: recorded, not hidden
            return [error] * len(jobs)

    def _result(self, job: Job, attempt: Attempt, seconds: float = 0.0) -> Result:
        """Return what comes of an attempt; ``seconds`` of training were spent before."""
        attempt.clock.add(seconds)
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
            kept=attempt.kept,
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
        (result,) = self.together([job])
        return result

    def together(self, jobs: Sequence[Job]) -> list[Result]:
        """Train and evaluate a group."""
        if not self.warm and not jobs[0].fault:
            self.trainer.warm_up(jobs[0])
        self.warm = True
        return self.trainer.together(jobs)


def multiply_adds(model: Model, rows: int) -> int:
    """Return the multiply-adds of one batch of a part of ``rows`` rows, forward and backward."""
    return 3 * sum(multiply_adds_of(model).values()) * min(model.valp.batch_size, rows)

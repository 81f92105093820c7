"""The trainer: turns a job into a result, and everything that can go wrong with a candidate into a reason."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from valpnas.catalog import network_kind
from valpnas.contracts.failure import failure_reason
from valpnas.contracts.job import Job, Result
from valpnas.contracts.model import Model
from valpnas.networks.module import sources_of
from valpnas.training.data import Prepared
from valpnas.training.engine import Engine
from valpnas.training.evaluation import Evaluator

Streams = Callable[[int, str], np.random.Generator]


@dataclass(frozen=True, eq=False)
class JobTrainer:
    """Trains and evaluates jobs of one run; ``streams`` gives the random stream of a candidate for a purpose."""

    prepared: Prepared
    evaluator: Evaluator
    engine: Engine
    streams: Streams

    def __call__(self, job: Job) -> Result:
        """Train and evaluate ``job``; a candidate that fails comes back with its reason, and the search goes on."""
        if job.fault:
            return Result(job.record, reason=job.fault)
        started = time.perf_counter()
        try:
            model = self._trained(job)
        except Exception as error:  # a plug-in's fault is this candidate's failure: recorded, not hidden
            return self._failed(job, error, getattr(error, "batches", 0), {"training": time.perf_counter() - started})
        seconds = {"training": time.perf_counter() - started}
        try:
            scores = self.evaluator.scores(model, "validation")
        except Exception as error:  # likewise
            return self._failed(job, error, job.record.protocol.batches, seconds)
        return Result(
            job.record,
            objectives={name: score.objective for name, score in scores.items()},
            reported={name: dict(score.reported) for name, score in scores.items()},
            batches=job.record.protocol.batches,
            cost=self._cost(model, job.record.protocol.batches),
            parameters=model.parameters,
            seconds={**seconds, "evaluation": time.perf_counter() - started - seconds["training"]},
            model=model,
        )

    def _trained(self, job: Job) -> Model:
        rng = self.streams(job.record.candidate, "train")
        return self.engine.train(job.model, self.prepared, self.evaluator.losses, job.record.protocol, rng)

    def _failed(self, job: Job, error: Exception, batches: int, seconds: Mapping[str, float]) -> Result:
        """Return the failure with what it cost."""
        cost = self._cost(job.model, batches)
        return Result(job.record, batches=batches, cost=cost, seconds=seconds, reason=failure_reason(error))

    def _cost(self, model: Model, batches: int) -> float:
        return float(batches * multiply_adds(model, len(self.prepared.train)))


def multiply_adds(model: Model, rows: int) -> int:
    """Return the multiply-adds of one batch of a part of ``rows`` rows, forward and backward."""
    valp = model.valp
    networks = (network_kind(n.spec.kind).multiply_adds(n.spec, sources_of(valp, n.id)) for n in valp.networks)
    heads = (t.numel() for name, t in model.weights.items() if name.startswith("outputs.") and t.dim() == 2)
    return 3 * (sum(networks) + sum(heads)) * min(valp.batch_size, rows)

"""The trainer: turns a job into a result, and everything that can go wrong with a candidate into a reason."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from valpnas.contracts.job import Job, Result
from valpnas.contracts.model import Model
from valpnas.errors import TrainingFailedError
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
        try:
            return self._train(job)
        except TrainingFailedError as error:
            return Result(job.record, reason=error.reason)
        except (torch.OutOfMemoryError, MemoryError) as error:
            return Result(job.record, reason=f"out of memory: {_first_line(error)}")
        except RuntimeError as error:  # torch's CPU allocator reports a lack of memory as a plain RuntimeError
            if "can't allocate memory" not in str(error):
                return Result(job.record, reason=f"raised RuntimeError: {_first_line(error)}")
            return Result(job.record, reason=f"out of memory: {_first_line(error)}")
        except Exception as error:  # a plug-in's fault is this candidate's failure: recorded, not hidden
            return Result(job.record, reason=f"raised {type(error).__name__}: {_first_line(error)}")

    def _train(self, job: Job) -> Result:
        started = time.perf_counter()
        rng = self.streams(job.record.candidate, "train")
        model = self.engine.train(job.model, self.prepared, self.evaluator.losses, job.record.protocol, rng)
        trained = time.perf_counter()
        scores = self.evaluator.scores(model, "validation")
        return Result(
            job.record,
            objectives={name: score.objective for name, score in scores.items()},
            reported={name: dict(score.reported) for name, score in scores.items()},
            batches=job.record.protocol.batches,
            cost=float(job.record.protocol.batches * multiply_adds(model)),
            parameters=model.parameters,
            seconds={"training": trained - started, "evaluation": time.perf_counter() - trained},
            model=model,
        )


def multiply_adds(model: Model) -> int:
    """Return the multiply-adds of one batch, forward and backward, counting matrix products only."""
    matrices = sum(tensor.numel() for tensor in model.weights.values() if tensor.dim() == 2)
    return 3 * matrices * model.valp.batch_size


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n")[0][:300]

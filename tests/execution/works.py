"""Work that takes no training: jobs say in their ``fault`` what is to happen to them."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from valpnas.contracts.executor import Answer, Executor, Group, HeldOutScores
from valpnas.contracts.job import Job, JobRecord, Result
from valpnas.contracts.model import Model
from valpnas.contracts.protocol import Protocol
from valpnas.contracts.space import Space
from valpnas.errors import ConfigError
from valpnas.graph.tasks import Regression
from valpnas.graph.valp import Input, Output
from valpnas.networks.module import fresh_model
from valpnas.networks.random_valp import random_valp
from valpnas.seeding import stream

LONG = 600.0  # seconds: nobody waits for it


def job(candidate: int, order: str = "", time_limit: float = 0.0) -> Job:
    """A job on a small model of its own."""
    rng = stream(candidate, "job")
    valp = random_valp(
        [Input("x", (3,))], [Output("y", Regression(1))], Space(("dense",), min_width=3, max_width=6), rng
    )
    record = JobRecord(candidate, (), "start", "hash", Protocol(1, time_limit=time_limit))
    return Job(record, fresh_model(valp, rng), order)


@dataclass(frozen=True)
class Obey:
    """Does as each job says (``sleep S``, ``die``, ``die unless FILE``, ``wait for FILE``), adds one to its weights."""

    def __call__(self, group: Group) -> list[Answer]:
        """Obey, and return the altered models with the process id as a figure on held-out rows."""
        return [self._one(job) for job in group]

    def _one(self, job: Job) -> Answer:
        word, *more = job.fault.split() or [""]
        if word == "sleep":
            time.sleep(float(more[0]))
        if word == "die" and not (more and Path(more[-1]).exists()):
            if more:
                Path(more[-1]).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        while word == "wait" and not Path(more[-1]).exists():
            time.sleep(0.01)
        model = altered(job.model)
        total = float(sum(tensor.double().sum() for tensor in model.weights.values()))
        result = Result(
            job.record, {"y": total}, {"y": {"r2": 0.5}}, 1, 2.0, model.parameters, {"training": 0.1}, "", model
        )
        return Answer(result, HeldOutScores({"y": float(os.getpid())}), ("a note",))


def answers_of(executor: Executor) -> Iterator[Answer]:
    """Yield the answers to single jobs."""
    return (answer for group in executor.results() for answer in group)


def altered(model: Model) -> Model:
    """Return the model with one added to each weight, and a strided tensor in its optimiser's state."""
    weights = {name: tensor + 1 for name, tensor in model.weights.items()}
    moments = {name: {"m": torch.zeros(6, 2).T} for name in weights}
    return Model(model.valp, weights, model.buffers, {"y": moments}, {"y": torch.ones(1)}, model.ages, 1)


def obey() -> Obey:
    """Make the work in a child."""
    return Obey()


def refuse() -> Obey:
    """Make no work."""
    raise ConfigError("expected data, got none; look for them")


def die() -> Obey:
    """Make no work, for good."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError

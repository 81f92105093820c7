"""Finding the learning rate of a run before it begins: the range test, on the very start that the run has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from valpnas.config import RunConfig
from valpnas.contracts.job import Job, JobRecord, Result
from valpnas.graph.canonical import canonical_hash
from valpnas.search.build import build_engine, build_protocol, build_search, build_starts, build_training
from valpnas.search.starts import made_start
from valpnas.seeding import stream
from valpnas.training.evaluation import Evaluator
from valpnas.training.range_test import BATCHES, RangeTest, find_rate
from valpnas.training.reference import bounds
from valpnas.training.trainer import JobTrainer


def find_learning_rate(config: RunConfig, evaluator: Evaluator, say: Callable[[str], None]) -> RangeTest:
    """Return the range test for the run that ``config`` describes, whose space is fitted to the problem.

    Each rate trains the run's first start for ``BATCHES`` batches, or as many as the whole run has if these are fewer.

    Raises:
        ValpnasError: the start cannot be made, or trained at no rate.
    """
    engine = build_engine(config, say)
    trainer = JobTrainer(evaluator.prepared, evaluator, engine, partial(stream, config.seed))
    whole = _batches_of(config)
    batches = min(BATCHES, whole)

    def train(rate: float) -> Result:
        return trainer(_job(replace(config, learning_rate=rate), evaluator, batches))

    say(f"range test: the learning rate is found with {batches} batches at each of several rates")
    _, ideal = bounds(evaluator.prepared.problem, evaluator)
    found = find_rate(train, ideal, batches / whole)
    say(found.note)
    return found


def _batches_of(config: RunConfig) -> int:
    """Return the batches of a whole run of the one model."""
    turns = int(getattr(config, build_search(config).budget))
    return config.initial_batches + turns * config.batches_per_step


def _job(config: RunConfig, evaluator: Evaluator, batches: int) -> Job:
    problem, rng = evaluator.prepared.problem, stream(config.seed, 0, "start")
    model = made_start(build_starts(config)[0], problem, config.space, build_training(config), config.batch_size, rng)
    protocol = replace(build_protocol(config), batches=batches, span=(0.0, 1.0), select="last")
    return Job(JobRecord(0, (), "start", canonical_hash(model.valp), protocol), model)

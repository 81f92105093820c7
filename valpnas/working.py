"""Working: what trains and scores a job of a run, made from the run directory alone wherever the job is to be done."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from valpnas.config import RunConfig
from valpnas.contracts.data_files import cache_folder
from valpnas.contracts.executor import Answer
from valpnas.contracts.job import Job
from valpnas.held_out import held_out_scores
from valpnas.opened_run import Run, prepared_data
from valpnas.search.build import build_balancer
from valpnas.seeding import stream
from valpnas.store.problems import check_yardsticks, read_problem
from valpnas.training.data import Prepared
from valpnas.training.device import small_network_settings
from valpnas.training.engine import PlainEngine
from valpnas.training.evaluation import Evaluator
from valpnas.training.fitting import Fitting
from valpnas.training.objectives import constant_losses
from valpnas.training.trainer import JobTrainer


@dataclass(frozen=True)
class Streams:
    """The random streams of a run, by candidate and purpose."""

    seed: int

    def __call__(self, candidate: int, purpose: str) -> np.random.Generator:
        """Return the generator of one stream."""
        return stream(self.seed, candidate, purpose)


@dataclass(frozen=True, eq=False)
class Worker:
    """Does jobs of one run: trains, evaluates, and scores on the test rows."""

    trainer: JobTrainer

    @staticmethod
    def of(config: RunConfig, evaluator: Evaluator) -> Worker:
        """Make the worker of a run that is being made or gone on with."""
        engine = PlainEngine(build_balancer(config))
        return Worker(JobTrainer(evaluator.prepared, evaluator, engine, Streams(config.seed)))

    def __call__(self, job: Job) -> Answer:
        """Return what came of ``job``, with the figures on test rows beside it."""
        with small_network_settings():
            result = self.trainer(job)
            scores = held_out_scores(self.trainer.evaluator, result.model) if result.model else None
        return Answer(result, scores)


@dataclass(frozen=True)
class WorkerAt:
    """Makes the worker of the run at ``path``, in any process that can read it; ``device`` replaces that of the run.

    Raises:
        ValpnasError: the run or its data cannot be read, or they are not those that the run was made on.
    """

    path: Path
    device: str = ""

    def __call__(self) -> Worker:
        """Open the run and read its data."""
        run = Run(self.path)
        config = replace(run.config, device=self.device or run.config.device)
        with small_network_settings():
            return Worker.of(config, evaluator_at(run, config, quiet=True))


def evaluator_at(run: Run, config: RunConfig, quiet: bool) -> Evaluator:
    """Return the evaluator of a run that there is already; raises ``StoreError`` when it would judge otherwise."""
    evaluator = evaluator_of(prepared_data(run.problem, config, run.path), quiet)
    check_yardsticks(read_problem(run.path).get("yardsticks", {}), evaluator.yardsticks, run.path)
    return evaluator


def evaluator_of(prepared: Prepared, quiet: bool) -> Evaluator:
    """Return what scores models of a problem, fitted on its training rows or read from the cache."""
    tasks = {output.name: output.task for output in prepared.problem.outputs}
    return Evaluator.fit(prepared, constant_losses(tasks, prepared.train), Fitting(cache_folder() / "scorers", quiet))

"""Working: what trains and scores groups of jobs of a run, made from its directory alone wherever they are done."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import torch

from valpnas.config import RunConfig
from valpnas.contracts.data_files import cache_folder
from valpnas.contracts.executor import Answer, Group, Grouping
from valpnas.contracts.job import Result
from valpnas.held_out import held_out_scores
from valpnas.opened_run import Run, prepared_data
from valpnas.search.build import build_engine
from valpnas.seeding import stream
from valpnas.store.problems import check_yardsticks, read_problem
from valpnas.training.attempt import Watcher
from valpnas.training.data import Prepared
from valpnas.training.device import small_network_settings
from valpnas.training.evaluation import Evaluator
from valpnas.training.fitting import Fitting
from valpnas.training.measuring import Trainer, measuring
from valpnas.training.objectives import constant_losses
from valpnas.training.shared_rows import SharedRows
from valpnas.training.trainer import JobTrainer, WarmedUp, ignore


@dataclass(frozen=True, eq=False)
class Worker:
    """Does groups of jobs of one run: trains, evaluates, and scores on the test rows.

    ``groups`` says which jobs are trained side by side; they depend on the jobs and the engine alone. ``notes`` are
    those that no answer has taken along yet.
    """

    trainer: Trainer
    evaluator: Evaluator
    groups: Grouping
    notes: list[str] = field(default_factory=list)

    @staticmethod
    def of(config: RunConfig, evaluator: Evaluator, watch: Watcher = ignore) -> Worker:
        """Make the worker of a run; ``watch`` sees the epochs of jobs that are trained by epochs."""
        notes: list[str] = []
        engine = build_engine(config, notes.append)
        alone = JobTrainer(evaluator.prepared, evaluator, engine, partial(stream, config.seed), watch)
        trainer = (WarmedUp(alone) if config.warm_up else alone).together
        measured = measuring(trainer, evaluator.prepared, config.objectives, config.max_latency)
        return Worker(measured, evaluator, alone.groups, notes)

    def __call__(self, group: Group) -> list[Answer]:
        """Return what came of each job, with the figures on test rows beside it."""
        with small_network_settings():
            return [self._answer(result) for result in self.trainer(group)]

    def _answer(self, result: Result) -> Answer:
        notes = tuple(self.notes)
        del self.notes[: len(notes)]
        return Answer(result, held_out_scores(self.evaluator, result.model) if result.model else None, notes)


@dataclass(frozen=True)
class WorkerAt:
    """Makes the worker of the run at ``path``, in any process that can read it; ``device`` replaces that of the run.

    ``rows`` are the run's prepared data where this machine holds them already; they are not read again.

    Raises:
        ValpnasError: the run or its data cannot be read, or they are not those that the run was made on.
    """

    path: Path
    device: str = ""
    rows: SharedRows | None = None

    def __call__(self) -> Worker:
        """Open the run and read its data."""
        run = Run(self.path)
        config = replace(run.config, device=self.device or run.config.device)
        with small_network_settings():
            return Worker.of(config, evaluator_at(run, config, quiet=True, rows=self.rows))


def evaluator_at(run: Run, config: RunConfig, quiet: bool, rows: SharedRows | None = None) -> Evaluator:
    """Return the evaluator of a run that there is already; raises ``StoreError`` when it would judge otherwise."""
    prepared = _mapped(run, rows) if rows else prepared_data(run.problem, config, run.path)
    evaluator = evaluator_of(prepared, quiet)
    check_yardsticks(read_problem(run.path).get("yardsticks", {}), evaluator.yardsticks, run.path)
    return evaluator


def evaluator_of(prepared: Prepared, quiet: bool) -> Evaluator:
    """Return what scores models of a problem, fitted on its training rows or read from the cache."""
    tasks = {output.name: output.task for output in prepared.problem.outputs}
    return Evaluator.fit(prepared, constant_losses(tasks, prepared.train), Fitting(cache_folder() / "scorers", quiet))


def _mapped(run: Run, rows: SharedRows) -> Prepared:
    """Return the data of a run that another process has read and prepared; they are on the CPU."""
    fingerprint = read_problem(run.path)["fingerprint"]
    return Prepared(run.problem, run.transforms, rows.load(), torch.device("cpu"), fingerprint)

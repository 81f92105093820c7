"""Working: what trains and scores groups of jobs of a run, made from its directory alone wherever they are done."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
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
from valpnas.training.versions import differences, versions


@dataclass(frozen=True, eq=False)
class Worker:
    """Does groups of jobs of one run: trains, evaluates, and scores on the test rows.

    ``groups`` says which jobs are trained side by side; they depend on the jobs and the engine alone. ``notes`` are
    those that no answer has taken along yet. ``made_with`` are the versions of the run, until they were compared with
    those of the process that does the jobs: one far away may have others.
    """

    trainer: Trainer
    evaluator: Evaluator
    groups: Grouping
    notes: list[str] = field(default_factory=list)
    made_with: dict[str, str] = field(default_factory=dict)

    @staticmethod
    def of(
        config: RunConfig,
        evaluator: Evaluator,
        watch: Watcher = ignore,
        versions_of_run: Mapping[str, str] | None = None,
    ) -> Worker:
        """Make the worker of a run; ``watch`` sees the checkpoints of jobs that have some.

        ``versions_of_run`` are those of this process if not given.
        """
        notes: list[str] = []
        engine = build_engine(config, notes.append)
        alone = JobTrainer(evaluator.prepared, evaluator, engine, partial(stream, config.seed), watch)
        trainer = (WarmedUp(alone) if config.warm_up else alone).together
        measured = measuring(trainer, evaluator.prepared, config.objectives, config.max_latency)
        known = versions(evaluator.prepared.device) if versions_of_run is None else versions_of_run
        return Worker(measured, evaluator, alone.groups, notes, dict(known))

    def __call__(self, group: Group) -> list[Answer]:
        """Return what came of each job, with the figures on test rows beside it."""
        if self.made_with:
            self._compare()
        with small_network_settings():
            return [self._answer(result) for result in self.trainer(group)]

    def _compare(self) -> None:
        """Note what differs here from what the run was made with."""
        for what, before, now in differences(self.made_with, versions(self.evaluator.prepared.device)):
            why = "results may differ in the last bits"
            self.notes.append(f"a worker has {what} {now}, the run was made with {before}: {why}")
        self.made_with.clear()

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
            evaluator = evaluator_at(run, config, quiet=True, rows=self.rows)
            return Worker.of(config, evaluator, versions_of_run=made_with(self.path))


def made_with(path: Path) -> dict[str, str]:
    """Return the versions that the run at ``path`` was made with; those of earlier versions of valpnas say fewer."""
    return dict(tomllib.loads((path / "run.toml").read_text(encoding="utf-8")).get("about", {}))


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

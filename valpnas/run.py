"""The composition root: from a run file to a search at work on a run directory, and back from a directory to models."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from valpnas import catalog
from valpnas.config import JOINED, RunConfig, data_folder
from valpnas.config_tables import config_from
from valpnas.contracts.problem import Problem, Reader
from valpnas.errors import ConfigError
from valpnas.execution.build import reached
from valpnas.opened_run import Run, prepared_data
from valpnas.proxy_protocol import with_proxy_settings
from valpnas.rate_finding import find_learning_rate
from valpnas.run_checks import check, check_start
from valpnas.search.build import build_space, trains_cells
from valpnas.searching import Say, about, bounded, carry_out, reported, warn
from valpnas.store.problems import save_problem
from valpnas.store.range_tests import save_range_test
from valpnas.store.run_directory import RunDirectory, check_free
from valpnas.training.device import small_network_settings
from valpnas.training.evaluation import Evaluator
from valpnas.training.range_test import RangeTest
from valpnas.working import evaluator_of


def design(problem: str | Problem, *, say: Say = lambda _: None, **settings: Any) -> Run:
    """Design a multi-network model: run a search to its end and return the run.

    Args:
        problem: a problem's name, or a ``Problem`` such as ``Problem.from_arrays`` makes.
        say: takes each message meant for a person.
        **settings: keys of the run file (``steps``, ``chooser``, ``seed``, ``out``, ...).

    Raises:
        ValpnasError: the settings, the data or the folder cannot be used.
    """
    if not isinstance(problem, str | Problem):
        got = type(problem).__name__
        raise ConfigError(f"expected a problem's name or a Problem, got {got}; Problem.from_arrays makes one of arrays")
    name = problem if isinstance(problem, str) else problem.name
    config = config_from({"quiet": True, **settings, "problem": name})
    # An object has no name by which the run could find it again, so its arrays are kept with the run.
    chosen = problem_of(config) if isinstance(problem, str) else replace(problem, in_memory=True)
    return start(config, chosen, say)


def load(path: str | os.PathLike[str]) -> Run:
    """Open the run at ``path`` for reading; raises ``StoreError`` when there is none."""
    if not isinstance(path, str | os.PathLike):
        raise ConfigError(f"expected the path of a run, got {path!r}; `valpnas list` shows the runs there are")
    return Run(Path(path))


def problem_of(config: RunConfig) -> Problem:
    """Return the problem that ``config`` names; its data are not read yet."""
    return catalog.problem(config.problem, data_folder(config))


def start(config: RunConfig, problem: Problem, say: Say, name: str = "", complain: Say = warn) -> Run:
    """Make a new run directory and search in it; ``name`` begins the directory's name when ``out`` is empty.

    ``complain`` takes what is to be heard whatever is quiet: that the page could not be written.
    """
    check(config)
    problem = problem.joined() if config.train_on == JOINED else problem
    config = replace(config, data_dir=_whole_path(str(data_folder(config) or "")), start=_lasting(config.start))
    config = replace(config, space=build_space(config.space, problem))
    check_start(config, problem)
    with small_network_settings(), ExitStack() as stack:
        stack.enter_context(reached(config.executor, config.workers))  # a run that cannot begin leaves no folder
        path = place_of(config, name or problem.name)
        check_free(path)  # before anything takes long
        evaluator = evaluator_of(prepared_data(problem, config, None), config.quiet)
        test = None if config.learning_rate else find_learning_rate(config, evaluator, say)
        config = replace(config, learning_rate=test.rate) if test else config
        if trains_cells(config):
            config = with_proxy_settings(config, problem, len(evaluator.prepared.train))
            check_start(config, problem)
        directory = _create(path, replace(config, out=str(path)), evaluator, test)
        stack.callback(directory.close)
        carry_out(config, evaluator, directory, say)
    return reported(Run(path), evaluator.prepared, config.report, complain)


def place_of(config: RunConfig, name: str) -> Path:
    """Return where a run goes: ``out``, or a folder of ``runs`` named by ``name`` and the time."""
    return Path(config.out or f"runs/{catalog.called(name)}-{datetime.now().astimezone():%Y%m%d-%H%M%S}")


def _create(path: Path, config: RunConfig, evaluator: Evaluator, test: RangeTest | None) -> RunDirectory:
    """Make the run directory with what the run is made on, and how its learning rate was found if it was."""
    prepared = evaluator.prepared
    problem, with_corners = prepared.problem, bounded(evaluator).problem
    known = (prepared.fingerprint, prepared.transforms.to_json(), evaluator.yardsticks)
    parts = problem.load(Reader(Path(config.data_dir) if config.data_dir else None)) if problem.in_memory else None

    def save(folder: Path) -> None:
        if test:
            save_range_test(folder, test.to_json())
        save_problem(folder, with_corners, parts, *known)

    return RunDirectory.create(path, config.to_toml(about(config)), save)


def _lasting(start: str) -> str:
    """Return the start with a file's whole path, for a run may be resumed from another folder."""
    return _whole_path(start) if start.endswith(".json") else start


def _whole_path(path: str) -> str:
    return str(Path(path).absolute()) if path else ""

"""Going on with a run where its journal ends, perhaps with a larger budget."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from valpnas.config import RunConfig
from valpnas.contracts.search import Search
from valpnas.errors import ConfigError
from valpnas.execution.build import check_workers
from valpnas.opened_run import Run
from valpnas.reporting import REPORT
from valpnas.search.build import build_search
from valpnas.search.exclusive_times import check_times
from valpnas.searching import Say, about, carry_out, reported, warn
from valpnas.store.run_directory import RunDirectory
from valpnas.training.device import small_network_settings
from valpnas.training.versions import differences
from valpnas.working import evaluator_at, made_with


def resume(
    path: Path,
    say: Say,
    steps: int | None = None,
    quiet: bool | None = None,
    complain: Say = warn,
    generations: int | None = None,
    **place: Any,
) -> Run:
    """Go on with a run where its journal ends; ``steps``, or ``generations`` of a population, raise its budget.

    ``complain`` is that of ``start``.

    ``place`` says where it goes on, if not where it was begun: ``executor`` and ``workers``.

    Raises:
        StoreError: no run, a run in use, or data that are not those it was made on.
        ConfigError: less than the run already has, or steps for a search that counts generations.
    """
    run = Run(path)
    if "workers" in place:  # a run file may have been begun with another executor
        check_workers(place.get("executor", run.config.executor), place["workers"])
    check_times(run.config, **place)
    with small_network_settings(), ExitStack() as stack:
        directory = RunDirectory(path, writable=True)
        stack.callback(directory.close)
        search = build_search(run.config)
        _check_models(directory, search)  # nothing is written to a run that cannot be used
        silent = run.config.quiet if quiet is None else quiet
        evaluator = evaluator_at(run, run.config, silent)
        wanted = _wanted(search, {"steps": steps, "generations": generations})
        config = _with_budget(directory, run.config, search.budget, wanted)
        _say_what_changed(path, config, say)
        before = directory.journal.bytes
        carry_out(replace(config, quiet=silent, **place), evaluator, directory, say)
        went_on = directory.journal.bytes > before
        if not went_on:
            more = ": with more --steps it goes on" if search.budget == "steps" else ""
            say(f"{path} had ended, and nothing was left to do{more}")
        new = went_on or not (path / REPORT).exists()
    return reported(Run(path), evaluator.prepared, config.report and new, complain)


def _check_models(directory: RunDirectory, search: Search[Any]) -> None:
    """Raise ``StoreError`` unless the journal makes sense and every model that the search still needs can be read."""
    state = search.begin()
    for asked in directory.replay():
        state = search.tell(state, asked.told())
    for candidate in search.keep(state):
        directory.model(candidate)


def _wanted(search: Search[Any], asked: Mapping[str, int | None]) -> int | None:
    """Return the budget asked for, which must be in what the search counts."""
    for unit, number in asked.items():
        if number is not None and unit != search.budget:
            raise ConfigError(
                f"{unit}: expected {search.budget}, which {search.name} counts, got {unit}; {_or_give(search.budget)}"
            )
    return asked.get(search.budget)


def _or_give(budget: str) -> str:
    if budget in ("steps", "generations"):
        return f"give {budget}"
    return f"the {budget} of a run cannot be raised: begin another one"


def _with_budget(directory: RunDirectory, config: RunConfig, unit: str, wanted: int | None) -> RunConfig:
    """Return ``config`` with the ``unit`` (steps, or generations) the journal knows of, raised to ``wanted``.

    The journal is told first: were it the run file, a kill in between would leave proposals of the old budget that
    nobody has declared void.
    """
    known = max([config.planned(unit), *(event["steps"] for event in directory.journal.of("budget"))])
    if wanted is not None and wanted < known:
        raise ConfigError(
            f"{unit}: expected at least the {known} the run already has, got {wanted}; a budget can only be raised"
        )
    budget = known if wanted is None else wanted
    raised = config.with_planned(unit, budget)  # refuses what no run can have
    if budget > known:
        directory.record_budget(budget)
    if raised != config:
        directory.write_run_toml(raised.to_toml(about(raised)))
    return raised


def _say_what_changed(path: Path, config: RunConfig, say: Say) -> None:
    """Say which version or device differs from the run's own: the rest of it may then not repeat bit for bit."""
    for what, before, now in differences(made_with(path), about(config)):
        say(f"made with {what} {before}, goes on with {now}: results may differ in the last bits")

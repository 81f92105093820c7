"""The composition root: from a run file to a search at work on a run directory, and back from a directory to models."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from tqdm import tqdm

from valpnas import catalog
from valpnas.cells.block import Cell
from valpnas.config import JOINED, RunConfig, config_from, data_folder, start_names
from valpnas.contracts.executor import Executor
from valpnas.contracts.problem import Problem, Reader
from valpnas.contracts.search import Search
from valpnas.diagnosing import look
from valpnas.errors import ConfigError
from valpnas.execution.build import build_executor, check_executor, check_workers, executor_class, has_streams, reached
from valpnas.graph.valp import Valp
from valpnas.held_out import HeldOut
from valpnas.opened_run import Run, prepared_data
from valpnas.proxy_protocol import kind_of, with_proxy_settings
from valpnas.rate_finding import find_learning_rate
from valpnas.report.summary import summarise
from valpnas.reporting import REPORT, write_report
from valpnas.search.build import (
    build_balancer,
    build_operators,
    build_search,
    build_space,
    build_starts,
    build_training,
    trains_cells,
)
from valpnas.search.exclusive_times import check_times
from valpnas.search.loop import SearchLoop
from valpnas.search.notices import notices
from valpnas.search.popnas.networks import Networks
from valpnas.search.workbench import RunWorkbench
from valpnas.seeding import stream
from valpnas.store.problems import save_problem
from valpnas.store.range_tests import save_range_test
from valpnas.store.run_directory import RunDirectory, check_free
from valpnas.training.data import Prepared
from valpnas.training.device import describe_device, resolve_device, small_network_settings
from valpnas.training.evaluation import Evaluator
from valpnas.training.range_test import RangeTest
from valpnas.training.reference import bounds
from valpnas.training.shared_rows import shared_rows
from valpnas.training.trainer import ignore
from valpnas.training.versions import differences, versions
from valpnas.working import Worker, WorkerAt, evaluator_at, evaluator_of, made_with

Say = Callable[[str], None]


def warn(message: str) -> None:
    """Warn as Python does: how a run that nobody prints speaks of what went wrong beside it."""
    warnings.warn(message, stacklevel=4)  # past this file's own functions


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
        _search(config, evaluator, directory, say)
    return _reported(Run(path), evaluator.prepared, config.report, complain)


def place_of(config: RunConfig, name: str) -> Path:
    """Return where a run goes: ``out``, or a folder of ``runs`` named by ``name`` and the time."""
    return Path(config.out or f"runs/{catalog.called(name)}-{datetime.now().astimezone():%Y%m%d-%H%M%S}")


def _create(path: Path, config: RunConfig, evaluator: Evaluator, test: RangeTest | None) -> RunDirectory:
    """Make the run directory with what the run is made on, and how its learning rate was found if it was."""
    prepared = evaluator.prepared
    problem = prepared.problem
    bounded = _bounded(evaluator).problem
    parts = problem.load(Reader(Path(config.data_dir) if config.data_dir else None)) if problem.in_memory else None

    def save(folder: Path) -> None:
        if test:
            save_range_test(folder, test.to_json())
        save_problem(folder, bounded, parts, prepared.fingerprint, prepared.transforms.to_json(), evaluator.yardsticks)

    return RunDirectory.create(path, config.to_toml(about(config)), save)


def _bounded(evaluator: Evaluator) -> Prepared:
    """Return the data with a problem that has the corners of its hypervolume, also one that states none."""
    prepared = evaluator.prepared
    reference, ideal = bounds(prepared.problem, evaluator)
    return replace(prepared, problem=replace(prepared.problem, reference=reference, ideal=ideal))


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
        _search(replace(config, quiet=silent, **place), evaluator, directory, say)
        went_on = directory.journal.bytes > before
        if not went_on:
            more = ": with more --steps it goes on" if search.budget == "steps" else ""
            say(f"{path} had ended, and nothing was left to do{more}")
        new = went_on or not (path / REPORT).exists()
    return _reported(Run(path), evaluator.prepared, config.report and new, complain)


def check(config: RunConfig) -> None:
    """Raise ``UnknownNameError`` or ``ConfigError`` unless every name in ``config`` is known; nothing is run."""
    search = build_search(config)
    if config.asynchronous and not search.asynchronous:
        raise ConfigError(
            f"asynchronous: expected a search that asks for more while candidates are out, got {config.search!r}, "
            "which waits for all it asked for; leave asynchronous out"
        )
    check_executor(config.executor)
    if "workers" in config.given:
        check_workers(config.executor, config.workers)
    check_times(config)
    build_operators(config)
    for kind in config.space.networks:
        catalog.network_kind(kind)
    resolve_device(config.device)


def check_start(config: RunConfig, problem: Problem) -> None:
    """Raise ``ValpnasError`` when ``config`` names a start, balancing or augmentation that ``problem`` cannot have.

    Nothing is made.
    """
    if taken := sorted({output.name for output in problem.outputs} & set(config.objectives)):
        raise ConfigError(f"objectives: expected names that no output has, got {taken[0]!r}; rename the output")
    build_balancer(config).check(_first_valp(config, problem))
    config.augmentation.check(problem.inputs, problem.outputs)


def _first_valp(config: RunConfig, problem: Problem) -> Valp:
    """Return the first graph of the run, of whatever size the search makes it."""
    training = build_training(config)
    if trains_cells(config):
        kind_of(problem)
        if not config.learning_rate:
            raise ConfigError(
                f"learning_rate: expected a positive number with search = {config.search!r}, got 0; leave it out"
            )
        networks = Networks(problem, config.cell_search, training, config.batch_size)
        networks.check()
        return networks.valp(Cell())
    space, seed = build_space(config.space, problem), config.seed
    # Every start is drawn, so that one that cannot be had is refused before anything is trained.
    valps = [
        start.valp(problem, space, training, config.batch_size, stream(seed, number, "start"))
        for number, start in enumerate(build_starts(config))
    ]
    return valps[0]


def _lasting(start: str) -> str:
    """Return the start with a file's whole path, for a run may be resumed from another folder."""
    return _whole_path(start) if start.endswith(".json") else start


def _whole_path(path: str) -> str:
    return str(Path(path).absolute()) if path else ""


def _search(config: RunConfig, evaluator: Evaluator, directory: RunDirectory, say: Say) -> None:
    """Search to the end, then look at the front."""
    prepared = evaluator.prepared
    say(
        f"{prepared.problem.name}: {len(prepared.train)} training rows on {describe_device(prepared.device)}; "
        f"run in {directory.path}"
    )
    for note in prepared.problem.notes:
        say(f"note: {note}")
    directory.say_executor(config.executor)
    directory.record_range_test()
    operators, left_out = build_operators(config)
    if left_out:
        say(f"{config.balancing} needs all outputs in one optimiser group: {', '.join(left_out)} are left out")
    for notice in notices(config):
        say(notice)
    bench = RunWorkbench(directory, _bounded(evaluator), evaluator.losses, config.space, operators, config.seed, say)
    search, held_out = build_search(config), HeldOut(directory, say)
    networks = len(start_names(config.start))
    # One job: its checkpoints are what there is to watch.
    alone = not config.steps and config.select != "last" and networks == 1
    total, unit = (None, "epoch" if config.select == "best-epoch" else "checkpoint") if alone else _counted(search)
    unseen_work = total == 0  # jobs that are trained in one go
    if unseen_work:
        what = "one network is" if networks == 1 else f"{networks} networks are"
        say(f"{what} trained in one go: there is nothing to see before that is done")
    with tqdm(total=total, unit=unit, disable=config.quiet or unseen_work, dynamic_ncols=True) as bar:

        def watch(done: int, planned: int) -> None:
            bar.total = planned
            bar.update(done - bar.n)

        seen, unseen = (watch, ignore) if alone else (ignore, watch)  # of checkpoints, of steps
        worker = Worker.of(config, evaluator, seen if executor_class(config.executor).in_this_process else ignore)
        with _executor(config, directory, worker, say) as executor:
            loop = SearchLoop(search, bench, directory, executor, unseen, held_out, worker.groups, config.asynchronous)
            state = loop.run()
    _finish(directory, bench, search.front(state), say)


def _counted(search: Search[Any]) -> tuple[int, str]:
    """Return how much there is to do, and in what it is counted."""
    state = search.begin()
    if candidates := search.candidates(state):
        return candidates[1], "candidate"
    return search.progress(state)[1], search.budget.removesuffix("s")


@contextmanager
def _executor(config: RunConfig, directory: RunDirectory, worker: Worker, say: Say) -> Iterator[Executor]:
    """Return where the jobs of the run are done; it is closed with the context."""
    prepared, streams = worker.evaluator.prepared, config.jobs_per_gpu
    device = prepared.device
    if streams > 1 and not has_streams(config.executor, streams, device):
        why = "this run is on a CPU" if device.type == "cpu" else "streams are for the executor serial"
        say(f"jobs_per_gpu is {streams}, but {why}: one job after the other")
    # Workers that use a GPU copy the rows there.
    sharing = executor_class(config.executor).shares_rows and device.type == "cpu"
    with shared_rows(prepared.parts, say) if sharing else nullcontext() as rows:

        def make(place: str) -> WorkerAt:
            return WorkerAt(directory.path, place, rows)

        with build_executor(config.executor, config.workers, directory.jobs, worker, make, device, streams) as executor:
            yield executor


def _finish(directory: RunDirectory, bench: RunWorkbench, front: Sequence[int], say: Say) -> None:
    """Diagnose the front, whatever the chooser was."""
    if directory.journal.last is not None and directory.journal.last["event"] == "ended":
        return
    started = time.perf_counter()
    names = [entry.name for entry in catalog.entries("diagnostics")]
    for candidate in front:
        directory.write_diagnostics(candidate, look(bench, candidate, names, say))
    directory.record_end({"diagnostics": time.perf_counter() - started})
    directory.write_state(summarise(directory))


def _reported(run: Run, prepared: Prepared, wanted: bool, complain: Say) -> Run:
    """Write the page of a run that has ended; whatever goes wrong with it, the run stands and is returned."""
    if wanted:
        try:
            run.page = write_report(run, prepared=prepared)
        except Exception as error:  # said aloud, whatever is quiet
            why = " ".join(f"{type(error).__name__}: {error}".split())
            complain(
                f"{run.path}: the run has ended and is whole, but its page could not be written: {why}; "
                f"`valpnas report {run.path}` tries again"
            )
    return run


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


def about(config: RunConfig) -> dict[str, str]:
    """Return the versions and the device that a run's last bits depend on."""
    return versions(resolve_device(config.device))

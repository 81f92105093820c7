"""A search in its run directory, from the first job to the end: the front is looked at, the page is written."""

from __future__ import annotations

import inspect
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import Any

from tqdm import tqdm

from valpnas import catalog
from valpnas.config import RunConfig, start_names
from valpnas.contracts.executor import Executor
from valpnas.contracts.search import Search
from valpnas.diagnosing import look
from valpnas.execution.build import build_executor, executor_class, has_streams
from valpnas.held_out import HeldOut
from valpnas.opened_run import Run
from valpnas.report.summary import summarise
from valpnas.reporting import write_report
from valpnas.search.build import build_operators, build_search
from valpnas.search.loop import SearchLoop
from valpnas.search.notices import notices
from valpnas.search.workbench import RunWorkbench
from valpnas.store.run_directory import RunDirectory
from valpnas.training.data import Prepared
from valpnas.training.device import describe_device, resolve_device
from valpnas.training.evaluation import Evaluator
from valpnas.training.reference import bounds
from valpnas.training.shared_rows import shared_rows
from valpnas.training.trainer import ignore
from valpnas.training.versions import versions
from valpnas.working import Worker, WorkerAt

Say = Callable[[str], None]
_PACKAGE = __name__.partition(".")[0]


def warn(message: str) -> None:
    """Warn in the name of whoever called valpnas: how a run that nobody prints speaks of what went wrong beside it."""
    depth, frame = 1, inspect.currentframe()
    while frame and frame.f_globals.get("__name__", "").partition(".")[0] == _PACKAGE:
        depth, frame = depth + 1, frame.f_back
    warnings.warn(message, stacklevel=depth)


def about(config: RunConfig) -> dict[str, str]:
    """Return the versions and the device that a run's last bits depend on."""
    return versions(resolve_device(config.device))


def bounded(evaluator: Evaluator) -> Prepared:
    """Return the data with a problem that has the corners of its hypervolume, also one that states none."""
    prepared = evaluator.prepared
    reference, ideal = bounds(prepared.problem, evaluator)
    return replace(prepared, problem=replace(prepared.problem, reference=reference, ideal=ideal))


def carry_out(config: RunConfig, evaluator: Evaluator, directory: RunDirectory, say: Say) -> None:
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
    bench = RunWorkbench(directory, bounded(evaluator), evaluator.losses, config.space, operators, config.seed, say)
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


def reported(run: Run, prepared: Prepared, wanted: bool, complain: Say) -> Run:
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

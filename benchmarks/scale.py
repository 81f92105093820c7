"""scale: what a search of many candidates costs beside their training, and what Optuna's storages cost.

    python benchmarks/scale.py 100000
    python benchmarks/scale.py 100000 --search nsga2
    python benchmarks/scale.py 2000 --models
    python benchmarks/scale.py 200 --optuna journal

A search that only repeats itself, or a population of ``--width`` with random changes, asks for ``--width``
candidates at a time; a made-up trainer answers at once with random objectives. All else is real: loop, executor,
graphs, journal, test figures and, with ``--models``, weights, each flushed to disk. Without weights the members of a
population are made up of their numbers. Another process reads the journal all the while. Printed are milliseconds and
CPU milliseconds per candidate, and the bytes of memory that each of the later nine tenths has added.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scale_made_up import Bench, MadeUp, Simulated, names, small_model
from scale_optuna import optuna_trials

from valpnas.config import RunConfig
from valpnas.contracts.model import Model
from valpnas.contracts.search import Search
from valpnas.execution.serial import Serial
from valpnas.held_out import HeldOut
from valpnas.report.summary import summarise
from valpnas.search.choosers.random import Random
from valpnas.search.loop import SearchLoop
from valpnas.search.population import Nsga2
from valpnas.store.files import write_text
from valpnas.store.problems import FORMAT
from valpnas.store.run_directory import RunDirectory

READER = """
import sys, time
from pathlib import Path
from valpnas.store.run_directory import RunDirectory
path, looks, last = Path(sys.argv[1]), 0, 0
while not (path / "stop").exists():
    began = time.perf_counter()
    told = sum(len(asked.results) for asked in RunDirectory(path).replay())
    assert told >= last, "the journal shrank"
    looks, last = looks + 1, told
    rested = time.perf_counter() + 20 * (time.perf_counter() - began)
    while time.perf_counter() < rested and not (path / "stop").exists():
        time.sleep(0.2)
print(f"a reader looked {looks} times while it was written, and saw {last} candidates the last time")
"""


@contextmanager
def reader(path: Path) -> Iterator[None]:
    """Read the run in another process as long as the context lasts."""
    process = subprocess.Popen([sys.executable, "-c", READER, str(path)])
    try:
        yield
    finally:
        (path / "stop").touch()
        if process.wait():
            sys.exit("the journal could not be read while it was written")


def memory() -> int:
    """Return the bytes this process has in memory."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def search_of(kind: str, model: Model, candidates: int, width: int) -> Search[Any]:
    """Return the search that asks for so many candidates."""
    if kind == "made-up":
        return MadeUp(model, candidates, width)
    return Nsga2(Random(), population=width, generations=max(candidates // width - 1, 0))


def begun(path: Path, kind: str, candidates: int, width: int, trade_offs: int) -> RunDirectory:
    """Make the run directory of a problem that there is not."""
    search, generations = "nsga2" if kind == "nsga2" else "hill-climbing", max(candidates // width - 1, 0)
    config = RunConfig("digits", search=search, chooser="guided", population=width, generations=generations)
    corners = {"reference": dict.fromkeys(names(trade_offs), 1.0), "ideal": dict.fromkeys(names(trade_offs), 0.001)}
    said = {"format": FORMAT, "name": "made-up", "in_memory": True, "fingerprint": "", "transforms": {}, "samplers": {}}
    problem = json.dumps({**said, "inputs": [], "outputs": [], **corners})
    return RunDirectory.create(path, config.to_toml({}), lambda folder: write_text(folder / "problem.json", problem))


@dataclass
class Measured:
    """What a search cost: seconds by the clock and of CPU, bytes that later candidates added, and its archive."""

    seconds: float
    used: float
    grown: int
    archive: int


def measured(path: Path, search: Search[Any], directory: RunDirectory, models: bool, trade_offs: int) -> Measured:
    """Run the search while another process reads the journal."""
    held = {"early": 0}

    def watch(done: int, planned: int) -> None:
        if not held["early"] and done >= planned // 10:
            held["early"] = memory()

    bench, executor = Bench(small_model(), directory, models), Serial(Simulated(models, trade_offs))
    loop = SearchLoop(search, bench, directory, executor, watch, HeldOut(directory, print))  # type: ignore[arg-type]
    began, cpu = time.perf_counter(), time.process_time()
    with reader(path):
        state = loop.run()
        seconds, used = time.perf_counter() - began, time.process_time() - cpu
        return Measured(seconds, used, memory() - held["early"], len(state.archive))


def simulate(path: Path, kind: str, candidates: int, width: int, models: bool, trade_offs: int) -> None:
    """Run the search and print what it cost, and what it costs to read and to sum up what it left."""
    search = search_of(kind, small_model(), candidates, width)
    directory = begun(path, kind, candidates, width, trade_offs)
    cost = measured(path, search, directory, models, trade_offs)
    told, replayed = cpu_of(lambda: sum(len(asked.results) for asked in RunDirectory(path).replay()))
    if told < candidates - width:
        sys.exit(f"expected {candidates} candidates, got {told}: the search ended before its time")
    before = memory()
    summary, summed = cpu_of(lambda: summarise(directory))
    weights = "with" if models else "without"
    print(f"valpnas, search {search.name}: {candidates} candidates, {width} per ask, {weights} weights")
    print(f"  {1e3 * cost.seconds / candidates:.2f} ms per candidate, {1e3 * cost.used / candidates:.2f} ms of CPU")
    print(f"  {cost.grown / (0.9 * candidates):.0f} bytes of memory per candidate; {cost.archive} in the archive")
    print(f"  {(path / 'journal.jsonl').stat().st_size / candidates:.0f} bytes of journal per candidate")
    print(f"  the journal of {told} candidates is read again in {replayed:.1f} s of CPU")
    grown = (memory() - before) / candidates
    print(
        f"  {summary['evaluations']} candidates are summed up in {summed:.1f} s of CPU, {grown:.0f} bytes of each kept"
    )


def cpu_of(work: Callable[[], Any]) -> tuple[Any, float]:
    """Return what ``work`` returns, and the seconds of CPU that it took."""
    cpu = time.process_time()
    return work(), time.process_time() - cpu


def flushes(folder: Path) -> None:
    """Print what one flush to this disk takes: both stores are bound by it."""
    spent: list[float] = []
    with (folder / "flushed").open("ab") as file:
        for _ in range(50):
            began = time.perf_counter()
            file.write(b"x" * 800)
            file.flush()
            os.fsync(file.fileno())
            spent.append(time.perf_counter() - began)
    print(f"a flush of 800 bytes takes {1e3 * float(np.median(spent)):.2f} ms here (median)")


def main() -> None:
    """Do what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("candidates", type=int)
    parser.add_argument("--search", choices=["made-up", "nsga2"], default="made-up")
    parser.add_argument("--width", type=int, default=16, help="candidates per ask")
    parser.add_argument("--models", action="store_true", help="write weights, too")
    parser.add_argument("--trade-offs", type=int, default=0, help="so many objectives, and all is on the front")
    parser.add_argument("--optuna", choices=["journal", "sqlite"], help="measure this storage of Optuna instead")
    parser.add_argument("--folder", type=Path, help="where to write; what is there stays")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.folder) as scratch:
        flushes(Path(scratch))
        if asked.optuna:
            optuna_trials(asked.optuna, Path(scratch), asked.candidates)
        else:
            simulate(Path(scratch) / "run", asked.search, asked.candidates, asked.width, asked.models, asked.trade_offs)


if __name__ == "__main__":
    main()

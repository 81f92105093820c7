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
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from valpnas import catalog
from valpnas.config import RunConfig
from valpnas.contracts.executor import Answer, Group, HeldOutScores
from valpnas.contracts.finding import Finding
from valpnas.contracts.job import Job, JobRecord, Proposal, Result
from valpnas.contracts.model import Model
from valpnas.contracts.operator import Operator, Site
from valpnas.contracts.problem import Problem
from valpnas.contracts.protocol import Protocol
from valpnas.contracts.search import ModelTraits, Search
from valpnas.contracts.space import Space
from valpnas.execution.serial import Serial
from valpnas.graph.canonical import canonical_hash
from valpnas.graph.tasks import Classification, Regression
from valpnas.graph.valp import Input, Output, Valp
from valpnas.held_out import HeldOut
from valpnas.networks.module import fresh_model
from valpnas.networks.random_valp import random_valp
from valpnas.search.choosers.random import Random
from valpnas.search.loop import SearchLoop
from valpnas.search.pareto import front
from valpnas.search.population import Nsga2
from valpnas.seeding import stream
from valpnas.store.run_directory import RunDirectory

SPACE = Space(("dense",), min_width=8, max_width=16, max_parameters=4000)
CORNERS = {"y": 1.0, "z": 1.0}
Points = tuple[tuple[int, dict[str, float]], ...]


@dataclass(frozen=True)
class State:
    """How many were told, and the front of them all: the archive."""

    told: int = 0
    archive: Points = ()
    verdicts: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True)
class MadeUp(Search[State]):
    """Asks for the same small model again and again, as a change of the one before."""

    model: Model
    most: int
    width: int
    name: ClassVar[str] = "made-up"

    def begin(self) -> State:
        """Return the state before anything was asked."""
        return State()

    def ask(self, state: State, bench: Any) -> Sequence[Job]:  # noqa: ARG002 - it looks at nothing
        """Return the next jobs."""
        last = min(state.told + self.width, self.most)
        graph = canonical_hash(self.model.valp)
        return [Job(self._record(candidate, graph), self.model) for candidate in range(state.told, last)]

    def tell(self, state: State, results: Sequence[Result]) -> State:
        """Keep the front."""
        points = [*state.archive, *((result.candidate, dict(result.objectives)) for result in results)]
        kept = tuple(points[i] for i in front([objectives for _, objectives in points]))
        chosen = {candidate for candidate, _ in kept}
        verdicts = tuple((r.candidate, "accepted" if r.candidate in chosen else "rejected") for r in results)
        return State(state.told + len(results), kept, verdicts)

    def verdicts(self, state: State) -> Sequence[tuple[int, str]]:
        """Return those on the last results."""
        return state.verdicts

    def keep(self, state: State) -> frozenset[int]:
        """Keep the weights of the front."""
        return frozenset(self.front(state))

    def front(self, state: State) -> Sequence[int]:
        """Return the archive."""
        return [candidate for candidate, _ in state.archive]

    def progress(self, state: State) -> tuple[int, int]:
        """Return candidates told, and all."""
        return state.told, self.most

    def _record(self, candidate: int, graph: str) -> JobRecord:
        proposal = Proposal("clone_network/gentle", Site(("n1",)), "made up: as long as a usual reason is in words")
        parents = (candidate - 1,) if candidate else ()
        return JobRecord(candidate, parents, "change", graph, Protocol(200, span=(0.1, 0.2)), proposal)


@dataclass(frozen=True)
class Simulated:
    """Answers at once."""

    models: bool

    def __call__(self, group: Group) -> list[Answer]:
        """Return made-up objectives, later ones lower on the whole, and with ``models`` the models as they came."""
        return [self._one(job) for job in group]

    def _one(self, job: Job) -> Answer:
        # A front that moves on: children that never survived would leave a population without anything new to try.
        u, v = stream(0, job.record.candidate, "objectives").random(2)
        reached = (1 + 0.1 * v) / (1 + job.record.candidate / 1000)
        y, z = reached * np.cos(u * np.pi / 2), reached * np.sin(u * np.pi / 2)
        objectives = {"y": float(y), "z": float(z)}
        reported = {"y": {"cross_entropy": float(y)}, "z": {"r2": float(z)}}
        model = job.model if self.models else None
        result = Result(job.record, objectives, reported, 200, 1e9, job.model.parameters, {"training": 0.0}, "", model)
        return Answer(result, HeldOutScores(objectives, reported))


@dataclass
class Bench:
    """A workbench without a problem's data. Models are the store's, or else the same small one with other weights."""

    start: Model
    store: RunDirectory
    stored: bool
    diagnostic_seconds: float = 0.0
    space: Space = SPACE
    operators: Mapping[str, Operator] = field(default_factory=lambda: catalog.operators(SPACE))

    @property
    def problem(self) -> Problem:
        """A problem with the inputs and outputs of the start, and no rows."""
        valp = self.start.valp
        return Problem("made-up", "", valp.inputs, valp.outputs, lambda _: {}, CORNERS, CORNERS)

    def model(self, candidate: int) -> Model:
        """Return the model of a candidate."""
        if self.stored:
            return self.store.model(candidate)
        weights = {name: tensor + 1e-4 * candidate for name, tensor in self.start.weights.items()}
        return replace(self.start, weights=weights)

    def valp(self, candidate: int) -> Valp:
        """Return the graph of a candidate; a run remembers those of its population."""
        return self.model(candidate).valp if self.stored else self.start.valp

    def findings(self, *_: Any) -> tuple[Finding, ...]:
        """See nothing."""
        return ()

    def traits(self, candidate: int) -> ModelTraits:  # noqa: ARG002
        """Show nothing."""
        return {"networks": {}, "outputs": {}}

    def rng(self, candidate: int, purpose: str) -> np.random.Generator:
        """Return the stream of a candidate."""
        return stream(0, candidate, purpose)


def small_model() -> Model:
    """A model of a usual structure and few weights."""
    rng = stream(0, "model")
    outputs = [Output("y", Classification(2)), Output("z", Regression(1))]
    return fresh_model(random_valp([Input("x", (8,))], outputs, SPACE, rng), rng)


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


def simulate(path: Path, kind: str, candidates: int, width: int, models: bool) -> None:
    """Run the search and print what it cost."""
    directory = RunDirectory.create(path, RunConfig("digits").to_toml({}), lambda _: None)
    held, model = {"early": 0}, small_model()

    def watch(done: int, planned: int) -> None:
        if not held["early"] and done >= planned // 10:
            held["early"] = memory()

    search, bench = search_of(kind, model, candidates, width), Bench(model, directory, models)
    loop = SearchLoop(search, bench, directory, Serial(Simulated(models)), watch, HeldOut(directory, print))  # type: ignore[arg-type]
    began, cpu = time.perf_counter(), time.process_time()
    with reader(path):
        state = loop.run()
        seconds, used = time.perf_counter() - began, time.process_time() - cpu
        grown = memory() - held["early"]
    size = (path / "journal.jsonl").stat().st_size
    weights = "with" if models else "without"
    cpu = time.process_time()
    told = sum(len(asked.results) for asked in RunDirectory(path).replay())
    replayed = time.process_time() - cpu
    if told < candidates - width:
        sys.exit(f"expected {candidates} candidates, got {told}: the search ended before its time")
    print(f"valpnas, search {search.name}: {candidates} candidates, {width} per ask, {weights} weights")
    print(f"  {1e3 * seconds / candidates:.2f} ms per candidate, {1e3 * used / candidates:.2f} ms of CPU")
    print(f"  {grown / (0.9 * candidates):.0f} bytes of memory per candidate; {len(state.archive)} in the archive")
    print(f"  {size / candidates:.0f} bytes of journal per candidate")
    print(f"  the journal of {told} candidates is read again in {replayed:.1f} s of CPU")


def optuna_trials(kind: str, path: Path, trials: int) -> None:
    """Let Optuna draw and record so many trials of two numbers at random, and print what that cost."""
    import optuna
    from optuna.storages import JournalStorage, RDBStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storages: dict[str, Callable[[], Any]] = {
        "journal": lambda: JournalStorage(JournalFileBackend(str(path / "optuna.log"))),
        "sqlite": lambda: RDBStorage(f"sqlite:///{path / 'optuna.db'}"),
    }
    sampler = optuna.samplers.RandomSampler(seed=0)
    study = optuna.create_study(storage=storages[kind](), sampler=sampler, directions=["minimize", "minimize"])

    def objective(trial: Any) -> tuple[float, float]:
        return trial.suggest_float("a", 0, 1), trial.suggest_float("b", 0, 1)

    began, cpu = time.perf_counter(), time.process_time()
    study.optimize(objective, n_trials=trials)
    seconds, used = time.perf_counter() - began, time.process_time() - cpu
    print(f"Optuna {optuna.__version__}, {kind}: {trials} trials of two parameters")
    print(f"  {1e3 * seconds / trials:.2f} ms per trial, {1e3 * used / trials:.2f} ms of CPU")


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
    parser.add_argument("--optuna", choices=["journal", "sqlite"], help="measure this storage of Optuna instead")
    parser.add_argument("--folder", type=Path, help="where to write; what is there stays")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.folder) as scratch:
        flushes(Path(scratch))
        if asked.optuna:
            optuna_trials(asked.optuna, Path(scratch), asked.candidates)
        else:
            simulate(Path(scratch) / "run", asked.search, asked.candidates, asked.width, asked.models)


if __name__ == "__main__":
    main()

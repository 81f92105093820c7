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
from valpnas.contracts.problem import Parts, Problem, Reader
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
from valpnas.report.summary import summarise
from valpnas.search.archive import Archive
from valpnas.search.choosers.random import Random
from valpnas.search.loop import SearchLoop
from valpnas.search.population import Nsga2
from valpnas.seeding import stream
from valpnas.store.files import write_text
from valpnas.store.problems import FORMAT
from valpnas.store.run_directory import RunDirectory

SPACE = Space(("dense",), min_width=8, max_width=16, max_parameters=4000)


@dataclass(frozen=True)
class State:
    """How many were told, and the front of them all: the archive."""

    told: int = 0
    archive: Archive[int] = field(default_factory=Archive)
    verdicts: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True)
class MadeUp(Search[State]):
    """Asks for the same small model again and again, as a change of the one before."""

    model: Model
    total: int
    width: int
    name: ClassVar[str] = "made-up"

    def begin(self) -> State:
        """Return the state before anything was asked."""
        return State()

    def ask(self, state: State, bench: Any) -> Sequence[Job]:  # noqa: ARG002 - it looks at nothing
        """Return the next jobs."""
        last = min(state.told + self.width, self.total)
        graph = canonical_hash(self.model.valp)
        return [Job(self._record(candidate, graph), self.model) for candidate in range(state.told, last)]

    def tell(self, state: State, results: Sequence[Result]) -> State:
        """Keep the front."""
        kept = state.archive.with_([r.candidate for r in results], [dict(r.objectives) for r in results])
        chosen = set(kept)
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
        return list(state.archive)

    def progress(self, state: State) -> tuple[int, int]:
        """Return candidates told, and all."""
        return state.told, self.total

    def _record(self, candidate: int, graph: str) -> JobRecord:
        proposal = Proposal("clone_network/gentle", Site(("n1",)), "made up: as long as a usual reason is in words")
        parents = (candidate - 1,) if candidate else ()
        return JobRecord(candidate, parents, "change", graph, Protocol(200, span=(0.1, 0.2)), proposal)


def names(trade_offs: int) -> list[str]:
    """Return what the objectives are called."""
    return ["y", "z", *(f"further{number}" for number in range(2, trade_offs))]


@dataclass(frozen=True)
class Simulated:
    """Answers at once. With ``trade_offs`` there are so many objectives, and nothing dominates anything."""

    models: bool
    trade_offs: int = 0

    def __call__(self, group: Group) -> list[Answer]:
        """Return made-up objectives, later ones lower on the whole, and with ``models`` the models as they came."""
        return [self._one(job) for job in group]

    def _one(self, job: Job) -> Answer:
        objectives = self._objectives(job.record.candidate)
        reported = {name: {"made up": value} for name, value in objectives.items()}
        model = job.model if self.models else None
        result = Result(job.record, objectives, reported, 200, 1e9, job.model.parameters, {"training": 0.0}, "", model)
        return Answer(result, HeldOutScores(objectives, reported))

    def _objectives(self, candidate: int) -> dict[str, float]:
        rng = stream(0, candidate, "objectives")
        if self.trade_offs:
            place = np.abs(rng.standard_normal(self.trade_offs))
            values = np.exp(-3 * place / np.linalg.norm(place))
        else:  # a front that moves on: children that never survived would leave a population without anything to try
            u, v = rng.random(2)
            values = (1 + 0.1 * v) / (1 + candidate / 1000) * np.array([np.cos(u * np.pi / 2), np.sin(u * np.pi / 2)])
        return dict(zip(names(self.trade_offs), map(float, values), strict=True))


def _no_rows(_: Reader) -> Parts:
    raise NotImplementedError("expected a bench that reads no rows: made-up problems have none")


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
        """A problem with the inputs and outputs of the start, whose rows nobody reads."""
        valp = self.start.valp
        return Problem("made-up", "", valp.inputs, valp.outputs, _no_rows, {}, {})

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

"""What scale.py measures: a search, a trainer and a bench that are made up, around the real loop and store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np

from valpnas import catalog
from valpnas.contracts.executor import Answer, Group, HeldOutScores
from valpnas.contracts.finding import Finding
from valpnas.contracts.job import Job, JobRecord, Proposal, Result
from valpnas.contracts.model import Model
from valpnas.contracts.operator import Operator, Site
from valpnas.contracts.problem import Parts, Problem, Reader
from valpnas.contracts.protocol import Protocol
from valpnas.contracts.search import ModelTraits, Search
from valpnas.contracts.space import Space
from valpnas.graph.canonical import canonical_hash
from valpnas.graph.tasks import Classification, Regression
from valpnas.graph.valp import Input, Output, Valp
from valpnas.networks.module import fresh_model
from valpnas.networks.random_valp import random_valp
from valpnas.search.archive import Archive
from valpnas.seeding import stream
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

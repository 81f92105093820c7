"""Search: proposes jobs and learns from their results, with all it knows in one plain state.

``ask`` may look at models and draw random numbers, but only from streams named by the candidate it proposes;
``tell`` is a pure function of the state and the results. A state is therefore rebuilt from the journal by
telling its results again, and a resumed search asks exactly what the unkilled one asked.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar, Generic, Protocol, TypeVar

import numpy as np

from valpnas.contracts.finding import Finding
from valpnas.contracts.job import Job, JobRecord, Result
from valpnas.contracts.model import Model
from valpnas.contracts.operator import Operator
from valpnas.contracts.problem import Problem
from valpnas.contracts.space import Space
from valpnas.graph.valp import Valp

State = TypeVar("State")
ModelTraits = Mapping[str, Mapping[str, Mapping[str, float]]]


class Notes(Protocol):
    """What can be known of a run without its data and weights: who makes its report has as much."""

    @property
    def space(self) -> Space:
        """Bounds of the structures searched."""

    def valp(self, candidate: int) -> Valp:
        """The graph of any candidate proposed so far, for which no weight is read."""

    def rng(self, candidate: int, purpose: str) -> np.random.Generator:
        """The random stream of a candidate yet to be proposed, for one purpose."""


class Workbench(Notes, Protocol):
    """What a search may use while it asks."""

    @property
    def problem(self) -> Problem:
        """The problem searched on; its data are not to be read here."""

    @property
    def operators(self) -> Mapping[str, Operator]:
        """Every operator variant by name."""

    def model(self, candidate: int) -> Model:
        """The trained model of a candidate that the search keeps."""

    def findings(
        self, candidate: int, diagnostics: Sequence[str], scored: Mapping[int, Mapping[str, float]] | None = None
    ) -> tuple[Finding, ...]:
        """What the named diagnostics see in that model, through the held-out diagnostic rows.

        Those that compare do so by ``scored``, the objectives of candidates by number with its own among them; None
        stands for every candidate told so far, for which the whole journal is read.
        """

    def traits(self, candidate: int) -> ModelTraits:
        """Numbers about that model's sub-networks and outputs: ``networks`` and ``outputs``, each by name."""

    def note(self, message: str) -> None:
        """Tell a person who watches what was decided, in a line."""


class Search(ABC, Generic[State]):
    """A search algorithm. It keeps nothing in itself that is not in the state."""

    name: ClassVar[str]
    budget: ClassVar[str] = "steps"
    """The key of the run file that says how long it runs, which is also what ``progress`` counts."""
    trains_cells: ClassVar[bool] = False  # whether each candidate is a network of copies of one cell, and nothing else
    asynchronous: ClassVar[bool] = False  # whether it can ask for more while jobs are out
    recalls: ClassVar[bool] = False  # whether it tells choosers the history of the run
    timed: ClassVar[bool] = False  # whether it decides by how long candidates train
    ignores: ClassVar[frozenset[str]] = frozenset()
    """Keys of the run file that what it is made of holds, but that it has no use for."""

    @abstractmethod
    def begin(self) -> State:
        """Return the state before anything was tried."""

    @abstractmethod
    def ask(self, state: State, bench: Workbench) -> Sequence[Job]:
        """Return the jobs to run next, in candidate order; none when the search has ended."""

    def ask_more(self, state: State, bench: Workbench, out: Sequence[JobRecord], room: int) -> Sequence[Job]:
        """Return up to ``room`` further jobs while those ``out`` are not told; none to wait for them, or to end.

        Only a search that says ``asynchronous`` is asked. It numbers its jobs on from the highest candidate in
        ``state`` and ``out``, may be told results in any order, and finds the order again when it is resumed: they
        are told as the journal says.
        """
        raise NotImplementedError(f"{self.name} waits for all its jobs")

    @abstractmethod
    def tell(self, state: State, results: Sequence[Result]) -> State:
        """Return the state after these results, which come in candidate order."""

    @abstractmethod
    def verdicts(self, state: State) -> Sequence[tuple[int, str]]:
        """Return "accepted" or "rejected" for each candidate told last."""

    @abstractmethod
    def keep(self, state: State) -> frozenset[int]:
        """Return the candidates whose weights the search still needs; the store deletes the others'."""

    @abstractmethod
    def front(self, state: State) -> Sequence[int]:
        """Return the candidates that validation chose, by number."""

    @abstractmethod
    def progress(self, state: State) -> tuple[int, int]:
        """Return how many steps are done and how many there will be."""

    def candidates(self, state: State) -> tuple[int, int] | None:  # noqa: ARG002 - for who knows
        """Return how many candidates were told and how many there will be, failed ones included; None if unknown."""
        return None

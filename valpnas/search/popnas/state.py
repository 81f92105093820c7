"""The state of a search of cells, and what results make of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from valpnas.contracts.job import Result
from valpnas.search.pareto import front

Objectives = Mapping[str, float]


@dataclass(frozen=True)
class Tried:
    """A candidate told: how many blocks its cell has, the hash of its graph, and what came of it.

    ``objectives`` are empty when it failed. ``seconds`` are those of its training batches.
    """

    candidate: int
    blocks: int
    graph: str
    objectives: Objectives = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def failed(self) -> bool:
        """Whether nothing is known of it but that."""
        return not self.objectives

    def cost(self, name: str) -> float:
        """Return what was measured: ``seconds``, or milliseconds of ``latency``."""
        return self.seconds if name == "seconds" else self.objectives[name]


@dataclass(frozen=True)
class CellState:
    """All that a search of cells knows: everybody told, in order, and the front of them.

    ``failure``: why the candidate told last that failed did so. ``verdicts``: on the results told last.
    """

    tried: tuple[Tried, ...] = ()
    archive: tuple[Tried, ...] = ()
    failure: str = ""
    verdicts: tuple[tuple[int, str], ...] = ()

    @property
    def candidates(self) -> int:
        """The number of the next candidate."""
        return self.tried[-1].candidate + 1 if self.tried else 0

    @property
    def trained(self) -> tuple[Tried, ...]:
        """Those that did not fail."""
        return tuple(each for each in self.tried if not each.failed)


def told(state: CellState, results: Sequence[Result]) -> CellState:
    """Return the state after ``results``; accepted are those on the front of all."""
    new = tuple(_tried(result) for result in results)
    rivals = [*state.archive, *(each for each in new if not each.failed)]
    archive = tuple(rivals[i] for i in front([rival.objectives for rival in rivals]))
    chosen = {member.candidate for member in archive}
    reasons = [result.reason for result in results if result.failed]
    verdicts = tuple((each.candidate, "accepted" if each.candidate in chosen else "rejected") for each in new)
    return CellState((*state.tried, *new), archive, reasons[-1] if reasons else state.failure, verdicts)


def _tried(result: Result) -> Tried:
    seconds = 0.0 if result.failed else result.seconds.get("training", 0.0)
    return Tried(result.candidate, result.record.round, result.record.graph, dict(result.objectives), seconds)

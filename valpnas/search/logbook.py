"""The logbook of a population search: a row per generation, by DEAP's statistics and logbook.

It is made of results alone, as the journal has them, so that a report needs nothing but the run directory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from deap.tools import Logbook, MultiStatistics, Statistics

from valpnas.contracts.job import Result
from valpnas.search.pareto import Bounds, igd_plus
from valpnas.search.population_state import Member, PopulationState, told, turns
from valpnas.search.survival import Survival


@dataclass
class Turn:
    """What came of the starts or of a generation; ``newcomers`` are the boxed rows of those that joined the front."""

    trained: int = 0
    failed: int = 0
    survived: int = 0
    donated: int = 0
    newcomers: list[np.ndarray] = field(default_factory=list)

    def add(self, results: Sequence[Result], state: PopulationState, bounds: Bounds) -> None:
        """Count ``results``, of which ``state`` came."""
        failed = sum(result.failed for result in results)
        self.failed += failed
        self.trained += len(results) - failed
        self.survived += sum(verdict == "accepted" for _, verdict in state.verdicts)
        self.donated += sum(result.record.donated for result in results)
        told = {result.candidate for result in results}
        joined = sum(member.candidate in told for member in state.archive[-len(results) :])  # newcomers are the last
        if joined:
            self.newcomers.append(state.archive.boxed(bounds, len(state.archive) - joined))


def logbook(batches: Iterable[Sequence[Result]], survival: Survival, size: int, seed: int, bounds: Bounds) -> Logbook:
    """Return the logbook of a search that was told ``batches`` of results, the starts first.

    Each row has ``generation`` (0: the starts), ``trained``, ``failed``, ``survived`` (of those trained), ``donated``
    (children that got a donation), ``members``, ``front`` (models), ``hypervolume`` and ``igd_plus`` of the front, the
    latter from the front that was reached in the end, and a chapter for each objective with ``best`` and ``median`` of
    the members. ``bounds`` say which objectives hypervolume and IGD+ look at.

    ``batches`` are gone through once. What is remembered is the rows, the latest state, and the objectives of whatever
    joined the front at any time.
    """
    book, newcomers, statistics = Logbook(), list[np.ndarray](), None
    counts = ["generation", "trained", "failed", "survived", "donated", "members", "front"]
    book.header = [*counts, "hypervolume", "igd_plus"]
    for turn, state in _turns(batches, survival, size, seed, bounds):
        statistics = statistics or _statistics(state.archive[0].objectives)
        newcomers.append(np.concatenate(turn.newcomers) if turn.newcomers else np.empty((0, 0)))
        counted = {name: getattr(turn, name) for name in ("trained", "failed", "survived", "donated")}
        shape = {"members": len(state.members), "front": len(state.archive)}
        measured = {"hypervolume": state.archive.hypervolume(bounds), "igd_plus": 0.0}
        book.record(generation=state.generation, **counted, **shape, **measured, **statistics.compile(state.members))
    if newcomers:
        for row, distance in zip(book, igd_plus(newcomers, state.archive.boxed(bounds)), strict=True):
            row["igd_plus"] = distance
    return book


def _turns(
    batches: Iterable[Sequence[Result]], survival: Survival, size: int, seed: int, bounds: Bounds
) -> Iterator[tuple[Turn, PopulationState]]:
    """Yield the starts and each generation when it is complete, and one that is cut off."""
    state, turn, begun, done = PopulationState(), Turn(), False, 0
    for results in batches:
        state = told(state, results, survival, size, seed)
        turn.add(results, state, bounds)
        begun = True
        if turns(state, size) > done:
            yield turn, state
            turn, begun, done = Turn(), False, turns(state, size)
    if begun and done:
        yield turn, replace(state, generation=state.generation + 1)


def _statistics(names: Iterable[str]) -> MultiStatistics:
    """Return DEAP's statistics of every objective."""

    def of(name: str) -> Statistics:
        def value(member: Member) -> float:
            return member.objectives[name]

        return Statistics(key=value)

    statistics = MultiStatistics(**{name: of(name) for name in names})
    statistics.register("best", lambda values: float(np.min(values)))
    statistics.register("median", lambda values: float(np.median(values)))
    return statistics

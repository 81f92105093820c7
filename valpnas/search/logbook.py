"""The logbook of a population search: a row per generation, by DEAP's statistics and logbook.

It is made of results alone, as the journal has them, so that a report needs nothing but the run directory.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from deap.tools import Logbook, MultiStatistics, Statistics

from valpnas.contracts.job import Result
from valpnas.search.pareto import Bounds, hypervolume, igd_plus
from valpnas.search.population_state import Member, PopulationState, told
from valpnas.search.survival import Survival

Told = tuple[Sequence[Result], PopulationState]


def logbook(batches: Sequence[Sequence[Result]], survival: Survival, size: int, seed: int, bounds: Bounds) -> Logbook:
    """Return the logbook of a search that was told ``batches`` of results, the starts first.

    Each row has ``generation`` (0: the starts), ``trained``, ``failed``, ``survived`` (of those trained), ``members``,
    ``front`` (models), ``hypervolume`` and ``igd_plus`` of the front, the latter from the front that was reached in
    the end, and a chapter for each objective with ``best`` and ``median`` of the members. ``bounds`` say which
    objectives hypervolume and IGD+ look at.
    """
    book = Logbook()
    book.header = ["generation", "trained", "failed", "survived", "members", "front", "hypervolume", "igd_plus"]
    generations = list(_states(batches, survival, size, seed))
    if not generations:
        return book
    reached = [member.objectives for member in generations[-1][1].archive]
    statistics = _statistics(reached)
    for results, state in generations:
        front = [member.objectives for member in state.archive]
        book.record(
            generation=state.generation,
            trained=sum(not result.failed for result in results),
            failed=sum(result.failed for result in results),
            survived=sum(verdict == "accepted" for _, verdict in state.verdicts),
            members=len(state.members),
            front=len(front),
            hypervolume=hypervolume(front, *bounds),
            igd_plus=igd_plus(front, reached, bounds),
            **statistics.compile(state.members),
        )
    return book


def _states(batches: Sequence[Sequence[Result]], survival: Survival, size: int, seed: int) -> Iterator[Told]:
    """Yield each batch with the state after it, from the first that left anybody alive."""
    state = PopulationState()
    for results in batches:
        state = told(state, results, survival, size, seed)
        if state.members:
            yield results, state


def _statistics(reached: Sequence[Mapping[str, float]]) -> MultiStatistics:
    """Return DEAP's statistics of every objective."""

    def of(name: str) -> Statistics:
        def value(member: Member) -> float:
            return member.objectives[name]

        return Statistics(key=value)

    statistics = MultiStatistics(**{name: of(name) for name in reached[0]})
    statistics.register("best", lambda values: float(np.min(values)))
    statistics.register("median", lambda values: float(np.median(values)))
    return statistics

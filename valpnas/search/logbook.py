"""The logbook of a population search: a row per generation, by DEAP's statistics and logbook.

It is made of results alone, as the journal has them, so that a report needs nothing but the run directory.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from deap.tools import Logbook, MultiStatistics, Statistics

from valpnas.contracts.job import Result
from valpnas.search.pareto import Bounds, hypervolume, igd_plus
from valpnas.search.population_state import Member, PopulationState, told, turns
from valpnas.search.survival import Survival

Told = tuple[Sequence[Result], int, PopulationState]  # results of a turn, how many survived, and what came of it


def logbook(batches: Sequence[Sequence[Result]], survival: Survival, size: int, seed: int, bounds: Bounds) -> Logbook:
    """Return the logbook of a search that was told ``batches`` of results, the starts first.

    Each row has ``generation`` (0: the starts), ``trained``, ``failed``, ``survived`` (of those trained), ``donated``
    (children that got a donation), ``members``, ``front`` (models), ``hypervolume`` and ``igd_plus`` of the front, the
    latter from the front that was reached in the end, and a chapter for each objective with ``best`` and ``median`` of
    the members. ``bounds`` say which objectives hypervolume and IGD+ look at.
    """
    book = Logbook()
    counts = ["generation", "trained", "failed", "survived", "donated", "members", "front"]
    book.header = [*counts, "hypervolume", "igd_plus"]
    generations = list(_states(batches, survival, size, seed))
    if not generations:
        return book
    reached = [member.objectives for member in generations[-1][2].archive]
    statistics = _statistics(reached)
    for results, survived, state in generations:
        front = [member.objectives for member in state.archive]
        book.record(
            generation=state.generation,
            trained=sum(not result.failed for result in results),
            failed=sum(result.failed for result in results),
            survived=survived,
            donated=sum(result.record.donated for result in results),
            members=len(state.members),
            front=len(front),
            hypervolume=hypervolume(front, *bounds),
            igd_plus=igd_plus(front, reached, bounds),
            **statistics.compile(state.members),
        )
    return book


def _states(batches: Sequence[Sequence[Result]], survival: Survival, size: int, seed: int) -> Iterator[Told]:
    """Yield what was told of the starts and of each generation when it is complete, and of one that is cut off."""
    state, gathered, survived, done = PopulationState(), list[Result](), 0, 0
    for results in batches:
        state = told(state, results, survival, size, seed)
        gathered += results
        survived += sum(verdict == "accepted" for _, verdict in state.verdicts)
        if turns(state, size) > done:
            yield gathered, survived, state
            gathered, survived, done = [], 0, turns(state, size)
    if gathered and done:
        yield gathered, survived, replace(state, generation=state.generation + 1)


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

"""Termination: when a population search ends before its last generation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from valpnas.contracts.search import Workbench
from valpnas.search.pareto import Bounds, with_further_objectives
from valpnas.search.population_state import PopulationState

_GAIN = 1.001  # a hypervolume that is not larger by a thousandth is the same
_ROOM = 1.1  # times the worst of the starts: so that who is worst in something counts in the rest


@dataclass(frozen=True)
class Termination:
    """``seconds``: of wall time that the run was at work, all its sittings together; 0 for no limit.

    ``stagnation``: generations in which the front's hypervolume has to grow by a thousandth; 0: it need not. The
    hypervolume is that of all objectives, further ones included, whose reference is the limit that the run sets for
    them (``limits``), or else the largest of the starts. As long as no model reaches the reference in every objective,
    it is 0 while models get better all the same: then the reference lies beyond the worst of the starts. All of it is
    known from results as they are journalled, so that a resumed search ends where an undisturbed one would have.
    """

    seconds: float = 0.0
    stagnation: int = 0
    limits: Mapping[str, float] = field(default_factory=dict)

    def due(self, state: PopulationState, bench: Workbench) -> bool:
        """Say whether the search is to end."""
        if 0 < self.seconds <= state.seconds:
            return True
        if not 0 < self.stagnation < len(state.fronts):
            return False
        bounds = Bounds(bench.problem.reference, bench.problem.ideal)
        bounds = with_further_objectives(bounds, {**state.largest, **self.limits})
        if not state.fronts[-1].hypervolume(bounds):
            bounds = _around_starts(bounds, state.largest)
        before, now = (state.fronts[i].hypervolume(bounds) for i in (-1 - self.stagnation, -1))
        return now <= before * _GAIN


def _around_starts(bounds: Bounds, largest: Mapping[str, float]) -> Bounds:
    """Return ``bounds`` that hold every start, with room beyond the worst."""
    reference = {name: max(value, _ROOM * largest.get(name, value)) for name, value in bounds.reference.items()}
    return Bounds(reference, bounds.ideal)

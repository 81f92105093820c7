"""Termination: when a population search ends before its last generation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from valpnas.contracts.search import Workbench
from valpnas.search.pareto import Bounds, hypervolume, with_further_objectives
from valpnas.search.population_state import PopulationState

_GAIN = 1.001  # a hypervolume that is not larger by a thousandth is the same


@dataclass(frozen=True)
class Termination:
    """``seconds``: of wall time that the run was at work, all its sittings together; 0 for no limit.

    ``stagnation``: generations in which the front's hypervolume has to grow by a thousandth; 0: it need not. The
    hypervolume is that of all objectives, further ones included, whose reference is the limit that the run sets for
    them (``limits``), or else the largest of the starts. Both are known from results as they are journalled, so that
    a resumed search ends where an undisturbed one would have.
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
        before, now = (hypervolume(state.fronts[i], *bounds) for i in (-1 - self.stagnation, -1))
        return before > 0 and now <= before * _GAIN

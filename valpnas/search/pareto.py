"""Pareto fronts and hypervolumes, by pymoo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from pymoo.indicators.hv import HV
from pymoo.util.nds.non_dominated_sorting import NonDominatedSorting

Objectives = Mapping[str, float]


def front(points: Sequence[Objectives]) -> list[int]:
    """Return the indices of the points that nothing dominates, ascending; of equal points the first."""
    if not points:
        return []
    table = np.array([[point[name] for name in sorted(points[0])] for point in points])
    chosen = sorted(int(i) for i in NonDominatedSorting().do(table, only_non_dominated_front=True))
    seen: set[tuple[float, ...]] = set()
    return [i for i in chosen if (key := tuple(table[i])) not in seen and not seen.add(key)]  # type: ignore[func-returns-value]


def hypervolume(points: Sequence[Objectives], reference: Objectives, ideal: Objectives) -> float:
    """Return the share in [0, 1] of the box between ``ideal`` and ``reference`` that ``points`` dominate.

    Measured in log objectives: halving an error counts the same wherever it starts. Points beyond the ideal count
    as ideal, points worse than the reference in any objective count nothing there.
    """
    names = sorted(reference)
    low, high = (np.log([bound[name] for name in names]) for bound in (ideal, reference))
    table = np.log(np.maximum([[point[name] for name in names] for point in points], np.exp(low)))
    return float(HV(ref_point=np.ones(len(names)))((table - low) / (high - low)))

"""Pareto fronts, hypervolumes and distances between fronts, by pymoo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from pymoo.indicators.hv import HV
from pymoo.indicators.igd_plus import IGDPlus
from pymoo.util.nds.non_dominated_sorting import NonDominatedSorting

Objectives = Mapping[str, float]

_DECADES = 1e-3  # a further objective's ideal, in shares of its reference


class Bounds(NamedTuple):
    """The corners of the box that a hypervolume is measured in; it looks at the objectives that are named here."""

    reference: Objectives
    ideal: Objectives


def with_further_objectives(bounds: Bounds, reference: Objectives) -> Bounds:
    """Return ``bounds`` with the objectives of ``reference`` that they lack; their ideal is a thousandth of it."""
    further = {name: value for name, value in reference.items() if name not in bounds.reference}
    ideal = {name: _DECADES * value for name, value in further.items()}
    return Bounds({**bounds.reference, **further}, {**bounds.ideal, **ideal})


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
    if not points:
        return 0.0
    return float(HV(ref_point=np.ones(len(reference)))(_in_box(points, reference, ideal)))


def igd_plus(points: Sequence[Objectives], target: Sequence[Objectives], bounds: Bounds) -> float:
    """Return the mean distance by which ``target`` is better than the nearest of ``points``, in sides of the box.

    Measured in log objectives as the hypervolume is; 0 when nothing of ``target`` is better than ``points``.
    Source: Ishibuchi et al., EMO 2015 (IGD+).
    """
    return float(IGDPlus(_in_box(target, *bounds))(_in_box(points, *bounds)))


def _in_box(points: Sequence[Objectives], reference: Objectives, ideal: Objectives) -> np.ndarray:
    """Return log objectives scaled to 0 at ``ideal`` and 1 at ``reference``, ``(points, names)``."""
    names = sorted(reference)
    low, high = (np.log([bound[name] for name in names]) for bound in (ideal, reference))
    table = np.log(np.maximum([[point[name] for name in names] for point in points], np.exp(low)))
    scaled: np.ndarray = (table - low) / (high - low)
    return scaled

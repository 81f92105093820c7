"""Pareto fronts and hypervolumes by pymoo, and distances between fronts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from pymoo.indicators.hv import HV
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
    if len(points) < 2:
        return list(range(len(points)))
    table = table_of(points, sorted(points[0]))
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
    return volume(boxed(table_of(points, sorted(reference)), Bounds(reference, ideal)))


def igd_plus(newcomers: Iterable[np.ndarray], target: np.ndarray) -> Iterator[float]:
    """Yield after each of ``newcomers`` the IGD+ of the front that grew by them, in sides of the box.

    That is the mean distance by which ``target`` is better than the nearest of the front; 0 when nothing of it is. All
    are ``boxed``, ``(points, names)``. What left the front was beaten by a newcomer, which is no farther from anything,
    so that nobody need be looked at twice. Source: Ishibuchi et al., EMO 2015 (IGD+).
    """
    nearest = np.full(len(target), np.inf)
    for points in newcomers:
        for point in points:
            behind = np.maximum(point - target, 0.0)
            np.minimum(nearest, np.sqrt((behind**2).sum(axis=1)), out=nearest)
        yield float(nearest.mean())


def table_of(points: Sequence[Objectives], names: Sequence[str]) -> np.ndarray:
    """Return the objectives called ``names`` as an array, ``(points, names)``."""
    return np.array([[point[name] for name in names] for point in points])


def boxed(table: np.ndarray, bounds: Bounds) -> np.ndarray:
    """Return log objectives scaled to 0 at the ideal and 1 at the reference; columns are sorted by name."""
    names = sorted(bounds.reference)
    low, high = (np.log([bound[name] for name in names]) for bound in (bounds.ideal, bounds.reference))
    scaled: np.ndarray = (np.log(np.maximum(table, np.exp(low))) - low) / (high - low)
    return scaled


def volume(points: np.ndarray) -> float:
    """Return the share of the unit box that ``boxed`` points dominate."""
    return float(HV(ref_point=np.ones(points.shape[1]))(points))

"""Calibrating: the mean gain of every change, and the one threshold on a trait that tells its places apart, if any.

A threshold is a decision stump. It is kept only if, chosen anew without a base model, it predicts that model's gains
better than the mean does, by more than one standard error over models.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import sqrt
from statistics import fmean, stdev
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold

from valpnas.predictors.calibration import Calibration, Effect, Split
from valpnas.predictors.gain_table import GainTable, Row
from valpnas.predictors.scale import clipped

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

REGIME = ("outputs.gap",)
"""Traits that may tell problems apart. Problems differ in everything, and a table has few of them: any trait would do.
So all others count by what they tell within a problem alone; the gap, which says whether data are short, counts whole.
"""

TRAITS = (
    *REGIME,
    "outputs.outlook", "outputs.slope", "outputs.share", "relevance", "relevance.mean",
    *(f"{end}.{trait}" for end in ("source", "target") for trait in
      ("is network", "rank", "dead", "saliency", "gradient", "conflict", "curvature", "receivers", "sources")),
)  # fmt: skip
"""Traits that thresholds may be put on: those without a scale."""

_FEWEST = 8  # places on either side
_FEWEST_MODELS = 3  # on either side: places of one model are alike
_FOLDS = 8
_THRESHOLDS = 15  # tried per trait


class Stump(NamedTuple):
    """A threshold on the column of a trait."""

    column: int
    threshold: float


def calibrate(table: GainTable, horizon: int) -> Calibration:
    """Return what every change of the table gained at ``horizon``; raises ``StoreError`` when it has no such gains."""
    by_change: dict[str, list[Row]] = {}
    for row in sorted(table.at(horizon), key=lambda row: (row.change, row.problem, row.model, row.place)):
        by_change.setdefault(row.change, []).append(row)
    splits = {change: split for change, rows in by_change.items() if (split := best_split(rows, horizon))}
    effects = {change: effect(rows, horizon) for change, rows in by_change.items()}
    return Calibration(horizon, effects, splits, table.sources, table.digest)


def effect(rows: Sequence[Row], horizon: int) -> Effect:
    """Return the mean over base models of the mean gain of their places, and its standard error.

    Of a single model there is no standard error: then the gain counts as its own, which makes it no gain at all.
    """
    by_model: dict[tuple[str, int], list[float]] = {}
    for row in rows:
        by_model.setdefault(row.base, []).append(float(clipped(row.gains[horizon])))
    means = [fmean(values) for values in by_model.values()]
    error = stdev(means) / sqrt(len(means)) if len(means) > 1 else abs(means[0])
    grown = fmean(row.parameters for row in rows)
    return Effect(_rounded(fmean(means)), _rounded(error), len(means), len(rows), _rounded(grown))


def best_split(rows: Sequence[Row], horizon: int) -> Split | None:
    """Return the threshold that tells helpful places from others, or None where none does so on unseen models."""
    columns = np.array([[row.traits[trait] for trait in TRAITS] for row in rows])
    gained = clipped(np.array([row.gains[horizon] for row in rows]))
    groups, problems = (_numbered(values) for values in ([row.base for row in rows], [row.problem for row in rows]))
    stump = _stump(columns, gained, groups, problems)
    if stump is None or not _holds(columns, gained, groups, problems):
        return None
    below = columns[:, stump.column] < stump.threshold
    sides = [[row for row, inside in zip(rows, mask, strict=True) if inside] for mask in (below, ~below)]
    return Split(TRAITS[stump.column], stump.threshold, *(effect(side, horizon) for side in sides))


def _holds(columns: Floats, gained: Floats, groups: Floats, problems: Floats) -> bool:
    """Say whether thresholds chosen on other models predict gains better than their mean does."""
    folds = min(_FOLDS, len(np.unique(groups)))
    if folds < _FEWEST_MODELS:
        return False
    saved = np.zeros(len(gained))
    for train, test in GroupKFold(folds).split(columns, groups=groups):
        mean = gained[train].mean()
        predicted = np.full(len(test), mean)
        if stump := _stump(columns[train], gained[train], groups[train], problems[train]):
            seen, unseen = (columns[part, stump.column] < stump.threshold for part in (train, test))
            predicted = np.where(unseen, gained[train][seen].mean(), gained[train][~seen].mean())
        saved[test] = (gained[test] - mean) ** 2 - (gained[test] - predicted) ** 2
    by_model = [float(saved[groups == group].mean()) for group in np.unique(groups)]
    return fmean(by_model) > stdev(by_model) / sqrt(len(by_model))


def _stump(columns: Floats, gained: Floats, groups: Floats, problems: Floats) -> Stump | None:
    """Return the threshold that leaves the least squares; of equal ones the first."""
    together = np.zeros(len(gained))
    best, found = 0.0, None
    for column, trait in enumerate(TRAITS):
        for threshold in _thresholds(columns[:, column]):
            below = columns[:, column] < threshold
            if _enough(below, groups):
                told = _told(below, gained, together if trait in REGIME else problems)
                if told > best:
                    best, found = told, Stump(column, threshold)
    return found


def _thresholds(values: Floats) -> Iterator[float]:
    """Yield a few numbers between neighbouring values, rounded as they will be read by people."""
    distinct = np.unique(values)
    between = (distinct[:-1] + distinct[1:]) / 2
    for index in np.unique(np.linspace(0, len(between) - 1, _THRESHOLDS).round().astype(int)) if len(between) else ():
        yield _rounded(float(between[index]))


def _enough(below: Mask, groups: Floats) -> bool:
    return all(
        np.count_nonzero(side) >= _FEWEST and len(np.unique(groups[side])) >= _FEWEST_MODELS for side in (below, ~below)
    )


def _told(below: Mask, gained: Floats, problems: Floats) -> float:
    """Return the squares that two means take away from those around one, within each of ``problems``."""
    told = 0.0
    for problem in np.unique(problems):
        inside = problems == problem
        sides = [gained[inside & side] for side in (below, ~below)]
        if all(len(side) for side in sides):
            mean = gained[inside].mean()
            told += sum(len(side) * float(side.mean() - mean) ** 2 for side in sides)
    return told


def _numbered(values: Sequence[object]) -> Floats:
    order: Mapping[object, int] = {value: number for number, value in enumerate(dict.fromkeys(values))}
    return np.array([order[value] for value in values], dtype=float)


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")

"""Points in common Pareto fronts, the count of the paper ([VALP] VII-D, Figures 8 and 9).

The count is no measure of quality: one lucky run or much wandering can fill a front (trial, section 4.3). It is
reported because the paper reports it. Starts do not count, as in the paper; what two arms both found counts for both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from pymoo.util.nds.non_dominated_sorting import NonDominatedSorting

from valpnas.experiments.checkpoints import Checkpoint, Runs, chosen
from valpnas.experiments.points import Point

Counts = Mapping[str, int]  # by arm


def fronts_at(runs: Runs, checkpoint: Checkpoint) -> dict[tuple[str, int], list[Point]]:
    """Return each run's front at ``checkpoint``, its start left out."""
    reached = {run: [p for p in checkpoint.reached(points) if p.step > 0] for run, points in runs.items()}
    return {run: chosen(points) for run, points in reached.items()}


def pairwise(runs: Runs, arms: Sequence[str], part: str) -> dict[int, Counts]:
    """Return by pair how many points each arm has in the front of that pair's runs together (Figure 8).

    ``runs`` holds what ``fronts_at`` returned: on test rows, too, only what validation chose takes part.
    """
    pairs = sorted({pair for _, pair in runs})
    return {pair: _count([p for arm in arms for p in runs.get((arm, pair), ())], arms, part) for pair in pairs}


def pooled(runs: Runs, arms: Sequence[str], part: str) -> Counts:
    """Return how many points each arm has in the front of all runs of all pairs together (Figure 9)."""
    return _count([p for (arm, _), points in runs.items() if arm in arms for p in points], arms, part)


def _count(points: Sequence[Point], arms: Sequence[str], part: str) -> Counts:
    known = [point for point in points if point.on(part)]
    if not known:
        return dict.fromkeys(arms, 0)
    names = sorted(known[0].on(part))
    table = np.array([[point.on(part)[name] for name in names] for point in known])
    best = NonDominatedSorting().do(table, only_non_dominated_front=True)
    found = Counter(arm for arm, _ in {(known[i].arm, tuple(table[i])) for i in best})  # equal points of an arm are one
    return {arm: found[arm] for arm in arms}

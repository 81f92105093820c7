"""Curves: each arm's hypervolume over batches or seconds, as mean and standard deviation over its runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from valpnas.experiments.checkpoints import Bounds, Runs, chosen
from valpnas.experiments.points import Point, trained

Axis = NDArray[np.float64]

_PLACES = 200  # at which a curve is drawn


@dataclass(frozen=True)
class Curve:
    """Mean and standard deviation of a hypervolume at the places ``x``, all ``(places,)``."""

    x: Axis
    mean: Axis
    spread: Axis


def curve(runs: Runs, arm: str, along: str, part: str, bounds: Bounds) -> Curve | None:
    """Return an arm's curve along "batches" or "seconds"; it ends where the arm's shortest run does.

    None when a run has no model.
    """
    steps = [_steps(points, along, part, bounds) for (name, _), points in runs.items() if name == arm]
    if not steps or any(run is None for run in steps):
        return None
    known = [run for run in steps if run is not None]
    x = np.linspace(0.0, min(float(at[-1]) for at, _ in known), _PLACES)
    values = np.array([np.concatenate([[0.0], value])[np.searchsorted(at, x, side="right")] for at, value in known])
    return Curve(x, values.mean(axis=0), values.std(axis=0, ddof=1) if len(values) > 1 else np.zeros_like(x))


def _steps(points: Sequence[Point], along: str, part: str, bounds: Bounds) -> tuple[Axis, Axis] | None:
    """Return where a run's hypervolume changes, and its value from there on."""
    if not trained(points):
        return None
    fronts = [chosen(points[: i + 1]) for i in range(len(points))]
    values = [bounds.hypervolume([member.on(part) for member in front if member.on(part)]) for front in fronts]
    return np.array([getattr(point, along) for point in points], dtype=float), np.array(values)

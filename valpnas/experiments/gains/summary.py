"""Summary: what each operator gained at each horizon, how sure that is, and how much of it is noise."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean, stdev

import numpy as np

from valpnas.experiments.gains.gain import Gain


@dataclass(frozen=True)
class Effect:
    """An operator at a horizon. Base models, not places, are the sample: places of one model are alike.

    ``mean`` is that of the models' means and ``error`` its standard error (none for one model). ``better`` is the
    share of places that gained. ``ceiling`` is the highest correlation that any prediction of a place's measured gain
    can have, given how much the retrainings of one place differ; None where they are too few to tell.
    """

    variant: str
    batches: int
    models: int
    places: int
    mean: float
    error: float | None
    better: float
    worst: float
    best: float
    parameters: float
    ceiling: float | None


def effects(found: Sequence[Gain]) -> list[Effect]:
    """Return the effect of every operator at every horizon, in their order."""
    groups: dict[tuple[str, int], list[Gain]] = defaultdict(list)
    for gain in found:
        groups[gain.variant, gain.batches].append(gain)
    return [_effect(groups[key]) for key in sorted(groups)]


def _effect(group: Sequence[Gain]) -> Effect:
    by_model: dict[int, list[float]] = defaultdict(list)
    for gain in group:
        by_model[gain.model].append(gain.mean)
    means, all_gains = [fmean(values) for values in by_model.values()], [gain.mean for gain in group]
    return Effect(
        variant=group[0].variant,
        batches=group[0].batches,
        models=len(means),
        places=len(group),
        mean=fmean(means),
        error=stdev(means) / sqrt(len(means)) if len(means) > 1 else None,
        better=fmean(gain > 0 for gain in all_gains),
        worst=min(all_gains),
        best=max(all_gains),
        parameters=fmean(gain.parameters for gain in group),
        ceiling=ceiling(group),
    )


def ceiling(group: Sequence[Gain]) -> float | None:
    """Return the noise ceiling of places that were retrained more than once."""
    complete = [gain.repeats for gain in group if len(gain.repeats) > 1]
    return noise_ceiling([fmean(r) for r in complete], [float(np.var(r, ddof=1)) / len(r) for r in complete])


def noise_ceiling(means: Sequence[float], noise: Sequence[float]) -> float | None:
    """Return the root of the reliability of places' mean gains: of their variance, the share that is no noise.

    ``noise`` has the variance of each of ``means`` over retrainings. None where there is nothing to tell it from.
    """
    total = float(np.var(means, ddof=1)) if len(means) > 1 else 0.0
    return sqrt(max(0.0, 1 - fmean(noise) / total)) if total > 0 else None

"""The mean log ratio of objectives: which of two models is better all-round, whatever the scales of their outputs."""

from __future__ import annotations

from collections.abc import Mapping
from math import log
from statistics import fmean

from valpnas.training.measuring import MEASURES


def mean_log_ratio(objectives: Mapping[str, float], others: Mapping[str, float]) -> float:
    """Return the mean over outputs of the logarithm of one model's error over another's; below 0, the one is better.

    Only outputs count: what else is minimised tells nothing of what a model has learnt.
    """
    return fmean(_log_ratio(objectives[name], others[name]) for name in objectives if name not in MEASURES)


def _log_ratio(one: float, other: float) -> float:
    """Return the logarithm of the ratio; no error at all counts as half the other's, for rows are few."""
    if not one or not other:
        return log(2) * ((one > 0) - (other > 0))
    return log(one / other)

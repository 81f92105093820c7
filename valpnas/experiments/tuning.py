"""Tuning: which learning rate and final decay suit each arm, found alike for all on seeds that no pair has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean
from typing import Any

Tried = tuple[tuple[str, float], ...]  # run-file keys and their values, as ``Task.tried``


def choose(scores: Iterable[tuple[str, Tried, float]]) -> dict[str, dict[str, Any]]:
    """Return by arm the combination with the highest mean validation hypervolume, and all that were tried.

    Of equal ones the first wins, which has the lowest rate.

    Args:
        scores: (arm, combination, hypervolume) for each tuning run.
    """
    found: dict[str, dict[Tried, list[float]]] = defaultdict(lambda: defaultdict(list))
    for arm, tried, score in scores:
        found[arm][tried].append(score)
    return {arm: _choice({tried: fmean(values) for tried, values in sorted(of.items())}) for arm, of in found.items()}


def _choice(means: Mapping[Tried, float]) -> dict[str, Any]:
    best = max(means, key=lambda tried: means[tried])
    return {"chosen": dict(best), "tried": [{**dict(tried), "hypervolume": mean} for tried, mean in means.items()]}


def at_the_edge(choices: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return a sentence for each arm whose choice is the lowest or highest tried: the best may lie beyond."""
    return [
        f"{arm}: the best {key} tried, {value:g}, is the {side} one; a {side_word} one may be better"
        for arm, choice in choices.items()
        for key, value in choice["chosen"].items()
        for side, side_word in _sides(value, [tried[key] for tried in choice["tried"]])
    ]


def _sides(value: float, tried: Sequence[float]) -> list[tuple[str, str]]:
    if len(set(tried)) < 2:
        return []
    return [("lowest", "lower")] * (value == min(tried)) + [("highest", "higher")] * (value == max(tried))

"""Tuning: which learning rate and final decay suit each arm, found alike for all on seeds that no pair has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
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


def on_tuning(choices: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return a sentence for each arm whose choice means little: equal to another, or the lowest or highest tried."""
    return [sentence for arm, choice in choices.items() for sentence in _doubts(arm, choice)]


def _doubts(arm: str, choice: Mapping[str, Any]) -> Iterator[str]:
    tried = choice["tried"]
    best = max(each["hypervolume"] for each in tried)
    if len(tried) > 1 and sum(each["hypervolume"] == best for each in tried) > 1:
        yield f"{arm}: tuning could not tell what is best, several reached {best:.4g}; tune with more batches or pairs"
        return
    for key, value in choice["chosen"].items():
        values = sorted({each[key] for each in tried})
        if len(values) > 1 and value in (values[0], values[-1]):
            side, beyond = ("lowest", "lower") if value == values[0] else ("highest", "higher")
            yield f"{arm}: the best {key} tried, {value:g}, is the {side}; a {beyond} one may be better"

"""Tuning: which learning rate and final decay suit each arm, found alike for all on seeds that no pair has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from statistics import fmean
from typing import Any

from valpnas.report.numbers import hypervolume

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
    """Return a sentence for each choice that means little: equal to another, or the lowest or highest tried."""
    unclear = [
        f"{arm}: tuning could not tell what is best, several reached {hypervolume(_best(choice))}; "
        "tune with more batches or pairs"
        for arm, choice in choices.items()
        if _is_unclear(choice)
    ]
    at_an_edge: dict[str, list[str]] = defaultdict(list)
    for arm, choice in choices.items():
        for doubt in () if _is_unclear(choice) else _edges(choice):
            at_an_edge[doubt].append(arm)
    return unclear + [f"{', '.join(arms)}: {doubt}" for doubt, arms in at_an_edge.items()]


def _best(choice: Mapping[str, Any]) -> float:
    return float(max(each["hypervolume"] for each in choice["tried"]))


def _is_unclear(choice: Mapping[str, Any]) -> bool:
    tried = choice["tried"]
    return len(tried) > 1 and sum(each["hypervolume"] == _best(choice) for each in tried) > 1


def _edges(choice: Mapping[str, Any]) -> Iterator[str]:
    for key, value in choice["chosen"].items():
        values = sorted({each[key] for each in choice["tried"]})
        if len(values) > 1 and value in (values[0], values[-1]):
            side, beyond = ("lowest", "lower") if value == values[0] else ("highest", "higher")
            yield f"the best {key} tried, {value:g}, is the {side}; a {beyond} one may be better"

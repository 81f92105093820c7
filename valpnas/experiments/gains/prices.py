"""Prices: can the gain of a place be told beforehand? Judged on base models that nothing was fitted to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import sqrt
from statistics import fmean

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from valpnas.experiments.gains.price_predictors import PREDICTORS, gains_at, means, unseen
from valpnas.experiments.gains.trait_orders import FEWEST, by_variant, ranked, trait_orders
from valpnas.experiments.statistics import holm
from valpnas.predictors.gain_table import GainTable, Row
from valpnas.predictors.place_traits import PLACE_TRAITS
from valpnas.seeding import stream

Floats = NDArray[np.float64]

_SHUFFLES = 9999  # the least p is 1e-4: significant after correction for forty traits


@dataclass(frozen=True)
class Price:
    """How well a predictor, or a trait alone, tells the gains of places in base models that it was not fitted to.

    ``order`` is the mean over variants of Spearman's correlation between predicted and measured gain; ``p`` that of
    a test that it is above chance (Wilcoxon's over base models; of a trait alone by shuffling gains), corrected for the
    number of prices. ``error`` is the mean squared error
    as a share of that of the variants' means in the other models, ``p_error`` that of a test over base models that it
    is below 1, corrected for the number of predictors; a trait alone predicts an order and no gain.
    """

    predictor: str
    order: float
    p: float
    error: float | None = None
    p_error: float | None = None


@dataclass(frozen=True)
class PriceList:
    """Every price at a horizon: predictors, then traits alone, the best first.

    ``ceiling`` is the mean over variants of the highest correlation that a prediction can have with the measured gain
    of a place, given how much retrainings of one place differ; None where a study does not say how many there were.
    """

    horizon: int
    models: int
    places: int
    ceiling: float | None
    prices: tuple[Price, ...]


def price_list(table: GainTable, horizon: int) -> PriceList:
    """Judge every predictor and every trait at ``horizon``.

    Raises:
        StoreError: the table has no gains at this horizon.
    """
    rows = table.at(horizon)
    models = len({row.base for row in rows})
    told = [*_of_predictors(rows, horizon), *_of_traits(rows, horizon)] if models > 1 else []
    corrected = holm([price.p for price in told])
    prices = tuple(replace(price, p=p) for price, p in zip(told, corrected, strict=True))
    repeats = {source["problem"]: source.get("repeats") for source in table.sources}
    return PriceList(horizon, models, len(rows), _ceiling(rows, horizon, repeats), prices)


def _of_predictors(rows: Sequence[Row], horizon: int) -> list[Price]:
    measured = gains_at(rows, horizon)
    wrong = np.square(unseen(rows, horizon, means) - measured)
    found, tests = list[Price](), list[float]()
    for name, predict in PREDICTORS.items():
        predicted = unseen(rows, horizon, predict)
        error = np.square(predicted - measured)
        found.append(Price(name, *_order(rows, predicted, measured), float(error.mean() / wrong.mean())))
        tests.append(_p_above_0(_by_model(rows, wrong - error)))
    return [replace(price, p_error=p) for price, p in zip(found, holm(tests), strict=True)]


def _of_traits(rows: Sequence[Row], horizon: int) -> list[Price]:
    """Return the price of every trait alone, with the sign that it has in the other models."""
    names = (*PLACE_TRAITS, "times parameters", "times multiply-adds")
    values = [[*(row.traits[trait] for trait in PLACE_TRAITS), row.parameters, row.multiply_adds] for row in rows]
    orders, p = trait_orders(rows, np.array(values), gains_at(rows, horizon), _SHUFFLES, stream(0, "prices"))
    found = [Price(name, *map(float, told)) for name, *told in zip(names, orders, p, strict=True)]
    return sorted(found, key=lambda price: -price.order)


def _order(rows: Sequence[Row], predicted: Floats, measured: Floats) -> tuple[float, float]:
    """Return the mean correlation within variants, and the p-value of a test over base models that it is above 0.

    What is tested is each model's mean product of the standardised ranks that its places have within their variants:
    places of one model are alike, and no independent sample.
    """
    groups, products = by_variant(rows), np.zeros(len(rows))
    for places in groups:
        products[places] = ranked(predicted[places]) * ranked(measured[places])
    order = fmean(_spearman(predicted[g], measured[g]) for g in groups) if groups else 0.0
    return order, _p_above_0(_by_model(rows, products))


def _p_above_0(values: Sequence[float]) -> float:
    return float(stats.wilcoxon(values, alternative="greater").pvalue) if any(values) else 1.0


def _ceiling(rows: Sequence[Row], horizon: int, repeats: Mapping[str, int | None]) -> float | None:
    """Return the mean over variants of the root of the reliability of a place's mean gain."""
    found = []
    for places in by_variant(rows):
        known = [(rows[i], repeats.get(rows[i].problem)) for i in places if horizon in rows[i].spreads]
        noise = [row.spreads[horizon] ** 2 / times for row, times in known if times]
        if len(noise) >= FEWEST:
            total = float(np.var([row.gains[horizon] for row, times in known if times], ddof=1))
            found.append(sqrt(max(0.0, 1 - fmean(noise) / total)) if total else 0.0)
    return fmean(found) if found else None


def _by_model(rows: Sequence[Row], values: Floats) -> list[float]:
    """Return the mean of ``values`` over the rows of each base model."""
    found: dict[tuple[str, int], list[float]] = defaultdict(list)
    for row, value in zip(rows, values, strict=True):
        found[row.base].append(float(value))
    return [fmean(each) for _, each in sorted(found.items())]


def _spearman(one: Floats, other: Floats) -> float:
    if len(one) < 2 or not np.ptp(one) or not np.ptp(other):  # what is the same everywhere orders nothing
        return 0.0
    return float(stats.spearmanr(one, other).statistic)

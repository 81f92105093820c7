"""Prices: can the gain of a place be told beforehand? Judged on base models that nothing was fitted to."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from valpnas.errors import StoreError
from valpnas.experiments.gains.orders import FEWEST, by_variant, orders
from valpnas.experiments.gains.price_predictors import PREDICTORS, gains_at, means, unseen
from valpnas.experiments.gains.summary import noise_ceiling
from valpnas.experiments.statistics import holm, signed_rank
from valpnas.predictors.gain_table import GainTable, Row
from valpnas.predictors.place_traits import PLACE_TRAITS
from valpnas.predictors.scale import MOST
from valpnas.seeding import stream

Floats = NDArray[np.float64]

_SHUFFLES = 9999  # the least p is 1e-4, which correction for some forty traits leaves significant


@dataclass(frozen=True)
class Price:
    """How well a predictor, or a trait alone, tells the gains of places in base models that it was not fitted to.

    ``order`` is the mean over variants of Spearman's correlation between predicted and measured gain, a trait having
    the sign that it has in the other models; ``plain`` the same with the trait as it is. ``p`` is that of ``order``
    being above chance, by shuffling gains. ``error`` is the mean squared error as a share of that of the means of the
    same change (a variant with what it sets) in the other models, ``p_error`` that of a difference between the two, by
    Wilcoxon's test over base models; a trait alone predicts no gain. Both p are corrected (Holm), predictors and traits
    apart.
    """

    name: str
    order: float
    plain: float
    p: float
    error: float | None = None
    p_error: float | None = None


@dataclass(frozen=True)
class PriceList:
    """Every price at a horizon; traits the best first, but for those that are the same ``everywhere``.

    ``ceilings`` are estimates, by variant, of the highest correlation that a prediction can have with the measured gain
    of a place, given how much its retrainings differ: the root of the reliability of gains that are no larger than
    ``predictors.scale.MOST``. Only of variants with enough places of which the table says how often they were
    retrained. ``least_p`` is what ``p_error`` of so many models could be at best.
    """

    horizon: int
    models: int
    places: int
    ceilings: Mapping[str, float]
    least_p: float
    predictors: tuple[Price, ...]
    traits: tuple[Price, ...]
    everywhere: tuple[str, ...]


def price_list(table: GainTable, horizon: int) -> PriceList:
    """Judge every predictor and every trait at ``horizon``.

    Raises:
        StoreError: the table has no gains at this horizon, or too few models or places to judge anything.
    """
    rows = table.at(horizon)
    models, most = len({row.base for row in rows}), max(Counter(row.variant for row in rows).values())
    if models < 2 or most < FEWEST:
        raise StoreError(
            f"expected 2 or more base models and {FEWEST} or more places of some operator to judge prices by, got "
            f"{models} and {most}; measure more with `valpnas experiment operators`"
        )
    predictors, least_p = _of_predictors(rows, horizon)
    traits, everywhere = _of_traits(rows, horizon)
    repeats = {source["problem"]: source.get("repeats") for source in table.sources}
    ceilings = _ceilings(rows, horizon, repeats)
    return PriceList(horizon, models, len(rows), ceilings, least_p, predictors, traits, everywhere)


def _of_predictors(rows: Sequence[Row], horizon: int) -> tuple[tuple[Price, ...], float]:
    """Return the prices of all predictors, and the least p that their errors could have."""
    measured, meant = gains_at(rows, horizon), unseen(rows, horizon, means)
    predicted = [unseen(rows, horizon, predict) for predict in PREDICTORS.values()]
    found = orders(rows, np.stack(predicted, axis=1), measured, _SHUFFLES, stream(0, "predictors"), signed=False)
    wrong, errors = np.square(meant - measured), [np.square(each - measured) for each in predicted]
    tests = [signed_rank(_by_model(rows, error), _by_model(rows, wrong)) for error in errors]
    prices = [
        Price(name, order, plain, p, float(error.mean() / wrong.mean()), p_error)
        for name, (order, plain, p), error, p_error in zip(
            PREDICTORS, found, errors, holm([test.p for test in tests]), strict=True
        )
    ]
    return _corrected(prices), min(test.least_p for test in tests)


def _of_traits(rows: Sequence[Row], horizon: int) -> tuple[tuple[Price, ...], tuple[str, ...]]:
    """Return the price of every trait alone, and the traits that are the same everywhere."""
    columns = {trait: [row.traits[trait] for row in rows] for trait in PLACE_TRAITS}
    columns |= {"times parameters": [row.parameters for row in rows]}
    columns |= {"times multiply-adds": [row.multiply_adds for row in rows]}
    differing = [name for name, values in columns.items() if len(set(values)) > 1]
    values = np.array([columns[name] for name in differing]).T
    found = orders(rows, values, gains_at(rows, horizon), _SHUFFLES, stream(0, "traits"), signed=True)
    prices = _corrected([Price(name, *each) for name, each in zip(differing, found, strict=True)])
    return tuple(sorted(prices, key=lambda price: -price.order)), tuple(sorted(columns.keys() - {*differing}))


def _corrected(prices: Sequence[Price]) -> tuple[Price, ...]:
    corrected = holm([price.p for price in prices])
    return tuple(replace(price, p=p) for price, p in zip(prices, corrected, strict=True))


def _by_model(rows: Sequence[Row], values: Floats) -> list[float]:
    """Return the mean over the places of each base model: those of one are alike, and no independent sample."""
    found: dict[tuple[str, int], list[float]] = defaultdict(list)
    for row, value in zip(rows, values, strict=True):
        found[row.base].append(float(value))
    return [fmean(each) for each in found.values()]


def _ceilings(rows: Sequence[Row], horizon: int, repeats: Mapping[str, int | None]) -> dict[str, float]:
    """Return the noise ceiling of each variant that has enough places. A model that broke would outweigh all others."""
    found = {}
    for places in by_variant(rows):
        known = [rows[i] for i in places if horizon in rows[i].spreads and repeats.get(rows[i].problem)]
        sound = [row for row in known if abs(row.gains[horizon]) <= MOST]
        noise = [row.spreads[horizon] ** 2 / (repeats[row.problem] or 1) for row in sound]
        ceiling = noise_ceiling([row.gains[horizon] for row in sound], noise)
        if len(sound) >= FEWEST and ceiling is not None:
            found[sound[0].variant] = ceiling
    return found

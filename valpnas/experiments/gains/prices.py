"""Prices: can the gain of a place be told beforehand? Judged on models that no predictor was fitted to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from valpnas.catalog import read_spec
from valpnas.contracts.finding import Finding
from valpnas.experiments.gains.gain import Gain
from valpnas.experiments.gains.summary import ceiling
from valpnas.graph.valp_json import valp_from_json
from valpnas.predictors.place_traits import Places, relevances

Floats = NDArray[np.float64]

FACTORS = ("parameters", "multiply_adds")  # how much larger and dearer a change made the model: no traits of its place

_FOLDS = 8
_FEWEST = 8  # places of an operator whose order says something

PREDICTORS: Mapping[str, Callable[[], Any]] = {
    "ridge": lambda: Pipeline([("scale", StandardScaler()), ("ridge", RidgeCV(np.logspace(-1, 4, 11)))]),
    "forest": lambda: RandomForestRegressor(100, min_samples_leaf=3, max_features=0.5, random_state=0, n_jobs=1),
}


@dataclass(frozen=True)
class Price:
    """How well a predictor orders the places of each operator.

    ``mean`` is the mean over operators of Spearman's correlation between predicted and measured gain; ``p`` that of
    Wilcoxon's test, over base models, that their own mean correlation is above 0, which is all that an operator's
    mean can reach; ``ceiling`` the mean over operators of what noise leaves possible.
    """

    predictor: str
    mean: float
    p: float
    by_operator: Mapping[str, float]
    ceiling: float | None


def trait_rows(found: Sequence[Gain], models: Sequence[Mapping[str, Any]]) -> tuple[Floats, tuple[str, ...]]:
    """Return the traits of each gain's place, ``(gains, traits)``, and their names."""
    places = [_places(model) for model in models]
    rows = [
        places[gain.model].traits(gain.site) | {factor: getattr(gain, factor) for factor in FACTORS} for gain in found
    ]
    names = tuple(sorted({name for row in rows for name in row}))
    return np.array([[row.get(name, 0.0) for name in names] for row in rows]), names


def _places(model: Mapping[str, Any]) -> Places:
    """Return the places of a base model, given as plain data."""
    relevance = relevances([Finding.from_json(finding) for finding in model["findings"]])
    traits = model["traits"]
    return Places(valp_from_json(model["valp"], read_spec), traits["networks"], traits["outputs"], relevance)


def prices(found: Sequence[Gain], models: Sequence[Mapping[str, Any]]) -> list[Price]:
    """Return every predictor's price list at one horizon, fitted per operator; then each trait's own, the best first.

    A trait alone is judged with the sign that it has in the other models.
    """
    rows, names = trait_rows(found, models)
    judged = [_price(name, found, _fitted(found, rows, make)) for name, make in PREDICTORS.items()]
    alone = [_price(name, found, _signed(found, rows[:, i])) for i, name in enumerate(names)]
    return judged + sorted(alone, key=lambda price: -price.mean)


def _fitted(found: Sequence[Gain], rows: Floats, make: Callable[[], Any]) -> Floats:
    """Return the predicted gain of every place, by a model fitted to the operator's places in other base models."""
    predicted = np.zeros(len(found))
    measured = np.array([gain.mean for gain in found])
    for places in _by_operator(found).values():
        groups = np.array([found[i].model for i in places])
        folds = min(_FOLDS, len(set(groups.tolist())))
        if folds < 2 or len(places) < _FEWEST:
            continue
        for train, test in GroupKFold(folds).split(places, groups=groups):
            fitted = make().fit(rows[places[train]], measured[places[train]])
            predicted[places[test]] = fitted.predict(rows[places[test]])
    return predicted


def _signed(found: Sequence[Gain], values: Floats) -> Floats:
    """Return ``values`` with the sign of their correlation with the operator's gains in all other models."""
    signed = np.zeros(len(found))
    measured = np.array([gain.mean for gain in found])
    for places in _by_operator(found).values():
        groups = np.array([found[i].model for i in places])
        for model in set(groups.tolist()):
            inside, outside = places[groups == model], places[groups != model]
            signed[inside] = values[inside] * np.sign(_spearman(values[outside], measured[outside]))
    return signed


def _price(name: str, found: Sequence[Gain], predicted: Floats) -> Price:
    measured = np.array([gain.mean for gain in found])
    groups = {variant: places for variant, places in _by_operator(found).items() if len(places) >= _FEWEST}
    by_operator = {v: _spearman(predicted[places], measured[places]) for v, places in groups.items()}
    ceilings = [c for places in groups.values() if (c := ceiling([found[i] for i in places])) is not None]
    return Price(
        predictor=name,
        mean=fmean(by_operator.values()) if by_operator else 0.0,
        p=_p_over_models(found, predicted, measured, groups),
        by_operator=by_operator,
        ceiling=fmean(ceilings) if ceilings else None,
    )


def _p_over_models(
    found: Sequence[Gain], predicted: Floats, measured: Floats, groups: Mapping[str, NDArray[np.intp]]
) -> float:
    """Test over base models the mean product of the standardised ranks that their places have within operators."""
    products: dict[int, list[float]] = defaultdict(list)
    for places in groups.values():
        ranked = [_standard(stats.rankdata(values[places])) for values in (predicted, measured)]
        for place, product in zip(places, ranked[0] * ranked[1], strict=True):
            products[found[place].model].append(float(product))
    means = [fmean(values) for values in products.values()]
    return float(stats.wilcoxon(means, alternative="greater").pvalue) if any(means) else 1.0


def _by_operator(found: Sequence[Gain]) -> dict[str, NDArray[np.intp]]:
    places: dict[str, list[int]] = defaultdict(list)
    for index, gain in enumerate(found):
        places[gain.variant].append(index)
    return {variant: np.array(indices) for variant, indices in sorted(places.items())}


def _spearman(one: Floats, other: Floats) -> float:
    if len(one) < 2 or not np.ptp(one) or not np.ptp(other):  # what is the same everywhere orders nothing
        return 0.0
    return float(stats.spearmanr(one, other).statistic)


def _standard(ranks: Floats) -> Floats:
    spread = ranks.std()
    standard: Floats = (ranks - ranks.mean()) / spread if spread else np.zeros_like(ranks)
    return standard

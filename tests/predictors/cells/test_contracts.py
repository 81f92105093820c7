"""What every predictor of the tables does: shapes, finite numbers, the same again for the same seed, clear refusals."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest

from valpnas import catalog
from valpnas.cells.features import FEATURES
from valpnas.errors import ConfigError, InvalidValpError
from valpnas.predictors.cells import COST_PREDICTORS, SCORE_PREDICTORS
from valpnas.predictors.cells.contracts import CostPredictor, ScorePredictor
from valpnas.predictors.cells.quality import spearman
from valpnas.seeding import stream

from .made_up import SPACE, cells, costs, features, of_all_sizes, scores

# Small, for all of them are tried; what is missing from here is tried as it is.
QUICK = {
    "gradient-boosting": {"draws": 1, "trees": 50},
    "catboost": {"draws": 2, "trees": 60},
    "ridge": {"draws": 5},
}


def score_predictor(name: str, **settings: object) -> ScorePredictor:
    made = catalog.load(catalog.find("score predictor", SCORE_PREDICTORS, name), ScorePredictor, **settings)
    assert isinstance(made, ScorePredictor)
    return made


def cost_predictor(name: str) -> CostPredictor:
    if name == "catboost" and find_spec("catboost") is None:
        pytest.skip("CatBoost is not installed (valpnas[catboost]): that predictor is not tested")
    made = catalog.load(catalog.find("cost predictor", COST_PREDICTORS, name), CostPredictor, **QUICK.get(name, {}))
    assert isinstance(made, CostPredictor)
    return made


each_score = pytest.mark.parametrize("name", [entry.name for entry in SCORE_PREDICTORS])
each_cost = pytest.mark.parametrize("name", [entry.name for entry in COST_PREDICTORS])


@each_score
def test_scores_are_predicted(name: str) -> None:
    """One in [0, 1] for each cell, also the empty one, which is learnt from too; another with another seed."""
    predictor, empty = score_predictor(name), np.zeros((1, 3, 4), SPACE.dtype)
    made = np.concatenate([empty, of_all_sizes(4, "few")])
    assert predictor.name == name
    asked = np.concatenate([cells(20, 3, "asked"), empty])
    first, again, other = (
        predictor.fit(SPACE, made, scores(made), stream(seed, "fit")).predict(asked) for seed in (1, 1, 2)
    )
    assert first.shape == (21,)
    assert first.dtype == np.float64
    assert ((first >= 0) & (first <= 1)).all()
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


@each_score
@pytest.mark.parametrize("count", [1, 2])
def test_few_scores_are_enough(name: str, count: int) -> None:
    made = cells(count, 2, "few")
    fitted = score_predictor(name).fit(SPACE, made, np.full(count, 0.4), stream(0, "fit"))
    assert np.isfinite(fitted.predict(made)).all()
    assert fitted.predict(made[:0]).shape == (0,)


@each_score
def test_scores_that_make_no_sense_are_refused(name: str) -> None:
    predictor, made = score_predictor(name), cells(3, 2, "few")
    for wrong in ([0.5, 0.5], [0.5, np.nan, 0.5], [0.5, 1.2, 0.5]):
        with pytest.raises(InvalidValpError, match=r"^[^\n]*expected [^\n]*, got [^\n]*$"):
            predictor.fit(SPACE, made, np.array(wrong), stream(0, "fit"))
    with pytest.raises(InvalidValpError, match="1 cell or more"):
        predictor.fit(SPACE, made[:0], np.zeros(0), stream(0, "fit"))
    with pytest.raises(InvalidValpError, match="expected tokens"):
        predictor.fit(SPACE, made + 50, np.full(3, 0.5), stream(0, "fit"))


@each_cost
def test_costs_are_predicted(name: str) -> None:
    """One from 0 on for each cell; the same again; and better than nothing of cells not seen."""
    predictor, known, asked = cost_predictor(name), features(of_all_sizes(30, "known")), features(cells(50, 3, "asked"))
    assert predictor.name == name
    first, again = (predictor.fit(known, costs(known), stream(1, "fit")).predict(asked) for _ in range(2))
    assert first.shape == (50,)
    assert (first >= 0).all()
    np.testing.assert_array_equal(first, again)
    assert spearman(first, costs(asked)) > 0.9


@each_cost
@pytest.mark.parametrize("count", [1, 2, 5])
def test_few_costs_are_enough(name: str, count: int) -> None:
    known = features(cells(count, 2, "few"))
    fitted = cost_predictor(name).fit(known, np.linspace(1.0, 2.0, count), stream(0, "fit"))
    assert np.isfinite(fitted.predict(known)).all()
    assert fitted.predict(known[:0]).shape == (0,)


@each_cost
def test_equal_costs_are_predicted_again(name: str) -> None:
    known = features(cells(8, 2, "few"))
    np.testing.assert_allclose(cost_predictor(name).fit(known, np.full(8, 3.0), stream(0, "fit")).predict(known), 3.0)


@each_cost
def test_features_that_are_constant_do_no_harm(name: str) -> None:
    """All of them: the mean is left to predict. All but one: that one is learnt from."""
    known, cost = np.tile(features(cells(1, 2, "few")), (12, 1)), np.linspace(1.0, 9.0, 12)
    np.testing.assert_allclose(cost_predictor(name).fit(known, cost, stream(0, "fit")).predict(known), 5.0)
    known[:, FEATURES.index("op_score")] = cost
    assert spearman(cost_predictor(name).fit(known, cost, stream(0, "fit")).predict(known), cost) > 0.8


@each_cost
def test_no_cost_is_negative(name: str) -> None:
    """A falling line, followed far beyond where it was seen."""
    known = np.zeros((12, len(FEATURES)))
    known[:, 2] = np.linspace(1, 2, 12)
    fitted = cost_predictor(name).fit(known, 2.0 - known[:, 2], stream(0, "fit"))
    assert fitted.predict(known * 100).min() >= 0


@each_cost
def test_costs_that_make_no_sense_are_refused(name: str) -> None:
    predictor, known = cost_predictor(name), features(cells(3, 2, "few"))
    for x, y in (
        (known, [1.0, 2.0]),
        (known, [1.0, -2.0, 1.0]),
        (known, [1.0, np.inf, 1.0]),
        (known[:, :8], [1.0, 2.0, 3.0]),
        (known * np.nan, [1.0, 2.0, 3.0]),
        (known[:0], []),
    ):
        with pytest.raises(
            InvalidValpError, match=r"^[^\n]*expected [^\n]*, got [^\n]*; [^\n]*$|got \(0,\) for 0|for 3$"
        ):
            predictor.fit(x, np.array(y), stream(0, "fit"))
    with pytest.raises(InvalidValpError, match="finite numbers"):
        predictor.fit(known, np.ones(3), stream(0, "fit")).predict(known[:, :2])


@pytest.mark.skipif(find_spec("catboost") is not None, reason="CatBoost is installed")
def test_a_missing_catboost_says_what_to_install() -> None:
    with pytest.raises(ConfigError, match=r"^cannot load CatBoost [^\n]*pip install 'valpnas\[catboost\]'[^\n]*$"):
        catalog.load(catalog.find("cost predictor", COST_PREDICTORS, "catboost"), CostPredictor)

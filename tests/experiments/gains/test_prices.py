"""Prices on fabricated gains: what can be told is told, what is noise is not, and no model judges itself."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import numpy as np
import pytest
from typer.testing import CliRunner

from tests.predictors.fabricate import by_gap, by_nothing, by_rank, planted
from valpnas.cli import app
from valpnas.errors import StoreError
from valpnas.experiments.gains import prices as module
from valpnas.experiments.gains.price_predictors import gains_at
from valpnas.experiments.gains.prices import Price, price_list
from valpnas.experiments.gains.tables import price_sentences, price_table
from valpnas.experiments.gains.trait_orders import trait_orders
from valpnas.predictors.gain_table import GainTable, write_table
from valpnas.predictors.place_traits import PLACE_TRAITS
from valpnas.seeding import stream


@pytest.fixture(autouse=True)
def fewer_shuffles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SHUFFLES", 1999)


LINEAR = "linear, one slope for all operators"


def priced(table: GainTable) -> dict[str, Price]:
    return {price.predictor: price for price in price_list(table, 400).prices}


def test_what_can_be_told_is_told_by_predictors_and_by_the_trait_alone() -> None:
    found = priced(planted(by_gap))
    for name in (LINEAR, "forest"):
        assert found[name].order > 0.5
        assert found[name].p < 0.05
        assert (found[name].error or 1.0) < 0.8
        assert (found[name].p_error or 1.0) < 0.05
    assert found["outputs.gap"].order > 0.5  # with the sign of the other models: a large gap loses
    assert abs(found["outputs.slope"].order) < 0.35
    assert found["outputs.gap"].error is None


def test_of_noise_nothing_is_told() -> None:
    found = priced(planted(by_nothing))
    assert all(price.order < 0.35 and price.p > 0.05 for price in found.values())
    assert all(price.error > 0.9 and (price.p_error or 0) > 0.05 for price in found.values() if price.error is not None)


def test_a_trait_that_tells_some_operators_only_counts_by_the_mean_over_all() -> None:
    found = priced(planted(by_rank))["target.rank"]
    assert 0.5 < found.order < 0.8  # two of three operators, nearly 1 each


def test_one_model_can_judge_nothing() -> None:
    found = price_list(planted(by_gap, models=1), 400)
    assert (found.prices, found.models) == ((), 1)


def test_the_ceiling_is_the_root_of_what_is_no_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SHUFFLES", 1)
    monkeypatch.setattr(module, "PREDICTORS", {})
    table = planted(by_nothing, models=100)  # gains scatter by .05
    assert price_list(table, 400).ceiling is None
    known = replace(table, sources=tuple({**source, "repeats": 2} for source in table.sources))
    assert price_list(known, 400).ceiling == pytest.approx((1 - 0.01**2 / 2 / 0.05**2) ** 0.5, abs=0.01)
    noisy = tuple(replace(row, spreads={400: 0.06}) for row in known.rows)
    assert price_list(replace(known, rows=noisy), 400).ceiling == pytest.approx((1 - 0.72) ** 0.5, abs=0.1)
    assert "Noise ceiling of the order: not known" in price_sentences(price_list(table, 400))[1]


def test_another_horizon_is_refused() -> None:
    with pytest.raises(StoreError, match="expected gains after 100 batches, the table has 400"):
        price_list(planted(by_gap), 100)


def test_the_command_prints_them(tmp_path: Path) -> None:
    table = planted(by_gap)
    write_table(table, tmp_path / "gains.csv")
    told = CliRunner().invoke(app, ["experiment", "prices", str(tmp_path / "gains.csv"), "--json"])
    assert told.exit_code == 0, told.output
    found = json.loads(told.stdout)
    assert {price["predictor"] for price in found["prices"]} == set(priced(table))
    assert (found["models"], found["places"], found["horizon"]) == (12, len(table.rows), 400)
    shown = price_table(price_list(table, 400))
    assert [row[0] for row in shown.rows] == [price["predictor"] for price in found["prices"]]


def test_chance_is_found_as_often_as_p_says() -> None:
    """Places of one model gain alike, and signs come from the same gains: neither may pass for a finding."""
    p = list[float]()
    for number in range(10):
        rows = planted(by_nothing, problem="x" * (number + 1)).rows
        levels = dict(zip(sorted({row.base for row in rows}), stream(number, "levels").normal(0, 0.1, 12), strict=True))
        gains = gains_at(rows, 400) + np.array([levels[row.base] for row in rows])
        traits = np.array([[row.traits[trait] + 10 * levels[row.base] ** 2 for trait in PLACE_TRAITS] for row in rows])
        p += trait_orders(rows, traits, gains, 99, stream(number, "shuffles"))[1].tolist()
    assert 0.02 < fmean(value <= 0.05 for value in p) < 0.09

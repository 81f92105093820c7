"""Prices on fabricated gains: what can be told is told, what is noise is not, and no model judges itself."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from tests.predictors.fabricate import by_gap, by_nothing, by_rank, planted
from valpnas.cli import app
from valpnas.errors import StoreError
from valpnas.experiments.gains import prices as module
from valpnas.experiments.gains.price_predictors import FOLDS, unseen
from valpnas.experiments.gains.price_tables import price_sentences, price_table
from valpnas.experiments.gains.prices import Price, PriceList, price_list
from valpnas.predictors.gain_table import GainTable, Row, write_table
from valpnas.predictors.place_traits import PLACE_TRAITS

LINEAR = "linear, one slope for all operators"


@pytest.fixture(autouse=True)
def fewer_shuffles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SHUFFLES", 1999)


def by_name(found: PriceList) -> dict[str, Price]:
    return {price.name: price for price in (*found.predictors, *found.traits)}


def test_what_can_be_told_is_told_by_predictors_and_by_the_trait_alone() -> None:
    found = by_name(price_list(planted(by_gap), 400))
    for name in (LINEAR, "forest"):
        assert found[name].order > 0.5
        assert found[name].p < 0.05
        assert (found[name].error or 1.0) < 0.8
        assert (found[name].p_error or 1.0) < 0.05
    gap = found["outputs.gap"]
    assert gap.order > 0.5
    assert gap.plain == pytest.approx(-gap.order)  # a large gap loses, in all models alike
    assert gap.p < 0.05
    assert (gap.error, gap.p_error) == (None, None)
    assert abs(found["outputs.slope"].order) < 0.35


def test_of_noise_nothing_is_told() -> None:
    found = price_list(planted(by_nothing), 400)
    assert all(price.p > 0.05 for price in (*found.predictors, *found.traits))
    assert all((price.error or 0) > 0.9 and (price.p_error or 0) > 0.05 for price in found.predictors)


def test_settings_of_one_operator_are_told_apart() -> None:
    """Halving loses what doubling gains, at any place: who knows the setting knows it, and no trait does."""
    table = planted(by_nothing, variants=("change_bs",))
    settings = ["halve" if i % 2 else "double" for i in range(len(table.rows))]
    gains = [
        {400: row.gains[400] + (0.3 if way == "double" else -0.3)}
        for way, row in zip(settings, table.rows, strict=True)
    ]
    rows = [replace(row, setting=way, gains=gain) for row, way, gain in zip(table.rows, settings, gains, strict=True)]
    found = by_name(price_list(replace(table, rows=tuple(rows)), 400))
    assert found["linear, one slope for all operators"].order > 0.5
    assert max(abs(found[trait].plain) for trait in PLACE_TRAITS) < 0.5


def test_a_trait_that_tells_some_operators_only_counts_by_the_mean_over_all() -> None:
    found = by_name(price_list(planted(by_rank), 400))["target.rank"]
    assert 0.5 < found.order < 0.8  # two of three operators, nearly 1 each


def test_a_trait_that_never_differs_is_named_and_not_judged() -> None:
    table = planted(by_gap)
    same = replace(table, rows=tuple(replace(row, traits={**row.traits, "source.dead": 0.0}) for row in table.rows))
    found = price_list(same, 400)
    assert found.everywhere == ("source.dead",)
    assert len(found.traits) == len(PLACE_TRAITS) + 1  # and two factors
    assert "nothing can be said of them: source.dead" in price_sentences(found)[-1]
    assert len(price_sentences(price_list(table, 400))) == len(price_sentences(found)) - 1


def test_a_model_is_predicted_from_others_only() -> None:
    rows = planted(by_nothing).rows
    asked: list[tuple[str, int]] = []

    def spying(seen: Sequence[Row], unseen_rows: Sequence[Row], horizon: int) -> np.ndarray:
        bases = {row.base for row in unseen_rows}
        assert bases.isdisjoint(row.base for row in seen)
        assert len(seen) + len(unseen_rows) == len(rows)
        assert horizon == 400
        asked.extend(bases)
        return np.array([row.model for row in unseen_rows], float)

    assert unseen(rows, 400, spying).tolist() == [row.model for row in rows]
    assert sorted(asked) == sorted({row.base for row in rows})
    assert len(asked) > FOLDS


@pytest.mark.parametrize(
    ("models", "places", "got"), [(1, 9, "got 1 and 9"), (3, 2, "got 3 and 6")], ids=["one model", "few places"]
)
def test_too_few_models_or_places_are_refused(models: int, places: int, got: str) -> None:
    with pytest.raises(StoreError, match=f"expected 2 or more base models and 8 or more places of some .*, {got}; "):
        price_list(planted(by_gap, models=models, places=places), 400)


def test_the_ceiling_is_the_root_of_what_is_no_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SHUFFLES", 1)
    monkeypatch.setattr(module, "_of_predictors", lambda *_: ((), 1.0))
    table = planted(by_nothing, models=100)  # gains scatter by .05
    assert price_list(table, 400).ceilings == {}
    assert "not known" in price_sentences(price_list(table, 400))[2]
    known = replace(table, sources=tuple({**source, "repeats": 2} for source in table.sources))
    broken = (replace(known.rows[0], gains={400: -40.0}, spreads={400: 9.0}), *known.rows[1:])
    for rows in (known.rows, broken):
        ceilings = price_list(replace(known, rows=rows), 400).ceilings
        assert ceilings == pytest.approx(dict.fromkeys(ceilings, (1 - 0.01**2 / 2 / 0.05**2) ** 0.5), abs=0.01)
    noisy = tuple(replace(row, spreads={400: 0.06}) for row in known.rows)
    assert price_list(replace(known, rows=noisy), 400).ceilings["delete_network"] == pytest.approx(0.53, abs=0.1)
    useless = price_list(replace(known, rows=tuple(replace(row, spreads={400: 0.09}) for row in known.rows)), 400)
    assert set(useless.ceilings.values()) == {0.0}
    assert "0, nothing but noise, of add_layer/gentle, delete_network" in price_sentences(useless)[2]


def printed(table: GainTable, folder: Path, *options: str) -> tuple[int, str]:
    write_table(table, folder / "gains.csv")
    done = CliRunner().invoke(app, ["experiment", "prices", str(folder / "gains.csv"), *options])
    return done.exit_code, done.output if done.exception is None else str(done.exception)


def test_the_command_prints_them(tmp_path: Path) -> None:
    table = planted(by_gap)
    code, told = printed(table, tmp_path, "--json")
    assert code == 0, told
    found, known = json.loads(told), price_list(table, 400)
    assert [price["name"] for price in found["predictors"] + found["traits"]] == list(by_name(known))
    assert (found["models"], found["places"], found["horizon"]) == (12, len(table.rows), 400)
    assert [row[0] for row in price_table(known).rows] == list(by_name(known))
    code, told = printed(table, tmp_path)
    assert code == 0
    assert "outputs.gap" in told
    assert "Noise ceiling: not known" in told
    assert "outputs.gap order places better than chance" in told


def test_the_command_refuses_another_horizon(tmp_path: Path) -> None:
    code, told = printed(planted(by_gap), tmp_path, "--horizon", "100")
    assert code != 0
    assert "expected gains after 100 batches, the table has 400" in told

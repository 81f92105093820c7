"""Calibration: planted thresholds are found, none in noise, and what is found is said in words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from valpnas.errors import StoreError
from valpnas.experiments.gains.calibrating import calibrate
from valpnas.predictors.calibration import read_calibration, write_calibration
from valpnas.predictors.gain_table import joined
from valpnas.predictors.place_traits import PLACE_TRAITS
from valpnas.predictors.shipped import CALIBRATION, TABLE, gain_table

from .fabricate import by_gap, by_nothing, by_rank, planted, shuffled

BY_GAP = planted(by_gap)
NOWHERE = dict.fromkeys(PLACE_TRAITS, 0.0)


def test_a_planted_threshold_is_found() -> None:
    found = calibrate(BY_GAP, 400)
    assert set(found.splits) == set(found.effects)
    for split in found.splits.values():
        assert split.trait == "outputs.gap"
        assert 0.0 < split.threshold < 0.6
        assert split.below.gain == pytest.approx(0.05, abs=0.02)
        assert split.above.gain == pytest.approx(-0.05, abs=0.02)
        assert min(split.below.places, split.above.places) >= 8


def test_a_trait_with_a_slope_splits_too_and_only_where_it_tells() -> None:
    found = calibrate(planted(by_rank), 400)
    assert {v: s.trait for v, s in found.splits.items()} == {
        "add_layer/gentle": "target.rank",
        "insert_network/gentle": "target.rank",
    }


def test_noise_has_no_threshold() -> None:
    found = calibrate(planted(by_nothing, models=16), 400)
    assert len(found.splits) <= 1  # of three variants


def test_the_order_of_rows_does_not_matter() -> None:
    assert calibrate(shuffled(BY_GAP), 400).to_json()["splits"] == calibrate(BY_GAP, 400).to_json()["splits"]


def test_problems_are_told_apart_by_the_gap_alone() -> None:
    """Both problems differ in every trait as much; only the gap may be held responsible."""
    away = dict.fromkeys(PLACE_TRAITS, 8.0)
    both = joined([planted(by_gap, shift={"outputs.gap": -8.0}), planted(by_gap, problem="short", shift=away)])
    assert {split.trait for split in calibrate(both, 400).splits.values()} == {"outputs.gap"}


def test_models_are_the_sample() -> None:
    effect = calibrate(BY_GAP, 400).effects["delete_network"]
    assert (effect.models, effect.places, effect.parameters) == (12, 48, 0.9)
    alone = calibrate(planted(by_gap, models=1), 400).effects["delete_network"]
    assert alone.least <= 0.0  # one model says nothing for sure


def test_what_is_expected_is_said_in_words() -> None:
    found = calibrate(BY_GAP, 400)
    threshold = found.splits["add_layer/gentle"].threshold
    expected = found.expected("add_layer/gentle", {**NOWHERE, "outputs.gap": threshold - 0.1})
    assert expected is not None
    assert expected.reason.startswith(f"add_layer/gentle where outputs.gap < {threshold:.3g} gained +.0")
    assert expected.reason.endswith(f"(toy, 400 batches, {expected.effect.places} places in 12 models)")
    assert "outputs.gap >=" in found.expected("add_layer/gentle", {**NOWHERE, "outputs.gap": 9.0}).reason  # type: ignore[union-attr]
    assert found.expected("unheard", NOWHERE) is None
    assert len(found.to_json()["in words"]) == 6


def test_a_calibration_is_read_as_written(tmp_path: Path) -> None:
    found = calibrate(BY_GAP, 400)
    write_calibration(found, tmp_path / "c.json")
    assert read_calibration(tmp_path / "c.json") == found


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("format", "other", "expected a calibration"),
        ("splits", {"v": {"trait": "t"}}, "expected a calibration"),
        ("effects", None, "expected a calibration"),
    ],
)
def test_a_damaged_calibration_is_one_error(tmp_path: Path, key: str, value: object, words: str) -> None:
    data = {**calibrate(BY_GAP, 400).to_json(), key: value}
    (tmp_path / "c.json").write_text(json.dumps(data))
    with pytest.raises(StoreError, match=words) as caught:
        read_calibration(tmp_path / "c.json")
    assert "\n" not in str(caught.value)


def test_a_threshold_on_an_unknown_trait_is_refused(tmp_path: Path) -> None:
    text = json.dumps(calibrate(BY_GAP, 400).to_json()).replace("outputs.gap", "outputs.gip")
    (tmp_path / "c.json").write_text(text)
    with pytest.raises(StoreError, match=r"got outputs\.gip; make it anew with `valpnas experiment calibrate`"):
        read_calibration(tmp_path / "c.json")


def test_the_calibration_that_ships_is_of_the_table_that_ships() -> None:
    shipped = read_calibration(CALIBRATION)
    assert shipped.table == gain_table().digest, f"run `valpnas experiment calibrate {TABLE.name}`"
    assert shipped == calibrate(gain_table(), shipped.horizon)

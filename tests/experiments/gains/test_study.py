"""The experiment itself, small, on digits: what it writes, how it goes on, what it refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from valpnas.errors import ConfigError, StoreError, UnknownNameError
from valpnas.experiments.gains.features import features_of
from valpnas.experiments.gains.gain import gains
from valpnas.experiments.gains.measured import UNCHANGED, read_measured, to_csv
from valpnas.experiments.gains.report import Findings, write_findings
from valpnas.experiments.gains.settings import settings_of
from valpnas.experiments.gains.study import Assistant, Study, conduct, read_study
from valpnas.predictors.gain_table import read_table, write_table
from valpnas.predictors.network_traits import NETWORK_TRAITS
from valpnas.predictors.output_traits import OUTPUT_TRAITS
from valpnas.training.compiled.engine import CompiledEngine
from valpnas.training.engine import PlainEngine

ENGINE_TYPES = {"plain": PlainEngine, "compiled": CompiledEngine}
SMALL: dict[str, Any] = {
    "models": 2,
    "horizons": [2, 4],
    "repeats": 1,
    "places": 1,
    "initial_batches": 30,
    "space": {"min_width": 4, "max_width": 8},
}


def quietly(out: Path, **flags: Any) -> Study:
    """Conduct the small experiment with one worker."""
    settings, _ = settings_of("digits", {**SMALL, **flags})
    return conduct(settings, out, 1, lambda _: None, quiet=True)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a finished experiment."""
    folder = tmp_path_factory.mktemp("gains") / "out"
    quietly(folder)
    return folder


@pytest.fixture
def altered(out: Path) -> Iterator[Path]:
    """Return the table, which the test alters and which is then put back."""
    table = out / "gains.csv"
    before = table.read_bytes()
    yield table
    table.write_bytes(before)


def test_every_operator_meets_the_control_of_its_model(out: Path) -> None:
    rows = read_study(out / "gains.csv").rows
    for number in range(2):
        of_model = [row for row in rows if row.model == number]
        assert {row.batches for row in of_model if row.variant == UNCHANGED} == {0, 2, 4}
        assert {"insert_network/gentle", "extend_layer/aggressive", "change_lr"} <= {row.variant for row in of_model}
        control, *_ = (row for row in of_model if row.variant == UNCHANGED)
        gentle = next(row for row in of_model if row.variant == "insert_network/gentle" and row.batches == 0)
        assert gentle.losses == pytest.approx(control.losses, rel=1e-4)
        assert gentle.parameters > control.parameters


def test_the_table_is_read_as_written(out: Path) -> None:
    table = out / "gains.csv"
    assert to_csv(read_measured(table)) == table.read_text(encoding="utf-8")


def test_what_is_missing_is_done_again_and_comes_out_equal(out: Path) -> None:
    before = read_measured(out / "00001.csv")
    (out / "00001.csv").unlink()
    quietly(out)
    again = read_measured(out / "00001.csv")
    assert [(r.change, r.losses, r.objectives) for r in again] == [(r.change, r.losses, r.objectives) for r in before]


def test_other_settings_are_refused(out: Path) -> None:
    with pytest.raises(ConfigError, match="expected initial_batches = 30 as in the experiment there, got 31"):
        quietly(out, initial_batches=31)


def test_a_model_does_not_depend_on_how_many_there_are(out: Path, tmp_path: Path) -> None:
    settings, _ = settings_of("digits", {**SMALL, "models": 3})
    assert settings.to_json() == json.loads((out / "settings.json").read_text())
    assert Assistant(settings, tmp_path)()(0) == ""
    alone, among = read_measured(tmp_path / "00000.csv"), read_measured(out / "00000.csv")
    assert [(row.change, row.losses) for row in alone] == [(row.change, row.losses) for row in among]


def test_the_engine_is_the_one_named_and_an_experiment_keeps_to_its_own(out: Path, tmp_path: Path) -> None:
    """Settings from before there was a choice are those of the plain engine."""
    engines = {name: Assistant(settings_of("digits", {**SMALL, "engine": name})[0], tmp_path) for name in ENGINE_TYPES}
    for name, expected in ENGINE_TYPES.items():
        assert type(engines[name].laboratory().engine) is expected
    early = {k: v for k, v in json.loads((out / "settings.json").read_text()).items() if k != "engine"}
    (tmp_path / "settings.json").write_text(json.dumps(early))
    with pytest.raises(ConfigError, match="expected engine = 'plain' as in the experiment there, got 'compiled'"):
        quietly(tmp_path)


def test_an_altered_table_is_named(altered: Path) -> None:
    altered.write_text(altered.read_text().replace("insert_network", "insert_nothing"))
    with pytest.raises(StoreError, match=r"gains\.csv: expected the table its notes describe"):
        read_study(altered)


def test_the_report_shows_each_operator_and_the_three_figures(out: Path) -> None:
    found = Findings(read_study(out / "gains.csv"))
    made = write_findings(found, out, "a title", "a command")
    text = made.read_text()
    assert text.count("data:image/png;base64") == 3
    assert all(effect.variant in text for effect in found.effects)
    assert {effect.batches for effect in found.effects} == {2, 4}


@pytest.mark.parametrize(
    ("flags", "error", "words"),
    [
        ({"horizons": [10, 5]}, ConfigError, "horizons: expected batches in rising order"),
        ({"horizons": []}, ConfigError, "horizons: expected batches in rising order"),
        ({"models": 0}, ConfigError, "models: expected 1 to"),
        ({"modles": 3}, UnknownNameError, "models"),
    ],
)
def test_impossible_settings_are_refused(flags: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        settings_of("digits", {**SMALL, **flags})


def test_a_run_file_is_no_experiment(tmp_path: Path) -> None:
    file = tmp_path / "run.toml"
    file.write_text('format = "valpnas-run/1"\nproblem = "digits"\n')
    with pytest.raises(ConfigError, match="expected format 'valpnas-operators/1', got 'valpnas-run/1'"):
        settings_of(str(file), {})


def test_the_table_of_places_says_what_the_study_says(out: Path, tmp_path: Path) -> None:
    study = read_study(out / "gains.csv")
    assert all(set(own) == set(NETWORK_TRAITS) for m in study.models for own in m["traits"]["networks"].values())
    assert all(set(own) == set(OUTPUT_TRAITS) for m in study.models for own in m["traits"]["outputs"].values())
    table = features_of([out / "gains.csv"])
    write_table(table, tmp_path / "places.csv")
    read = read_table(tmp_path / "places.csv")
    assert read.sources[0]["sha256"] == study.notes["sha256"]
    assert read.sources[0]["repeats"] == study.notes["settings"]["repeats"]
    assert read.horizons == (2, 4)
    known = {(g.model, g.variant, str(g.site), g.batches): g.mean for g in gains(study.rows)}
    told = {(row.model, row.variant, row.place, b): gain for row in read.rows for b, gain in row.gains.items()}
    assert told == pytest.approx(known, rel=1e-4)
    with pytest.raises(UnknownNameError, match="figure for --by"):
        features_of([out / "gains.csv"], "lose")

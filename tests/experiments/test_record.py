"""The record: what one sitting writes the next reads, and settings that differ are refused by name."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from valpnas.errors import ConfigError, StoreError
from valpnas.experiments.arms import Arm
from valpnas.experiments.checkpoints import checkpoints, row
from valpnas.experiments.compare_file import assemble, read_compare_file, read_keys
from valpnas.experiments.comparison import Comparison
from valpnas.experiments.notes import notes
from valpnas.experiments.points import read_points
from valpnas.experiments.record import Record
from valpnas.experiments.settings import settings_of

from .fabricate import comparison, point, record

ROOT = Path(__file__).parents[2]
STEPS = (1, 2)


def two_pairs(path: Path, made: Comparison) -> Record:
    """A saved record of two pairs, in which y is better and has no test objectives at step 1 of pair 1."""
    points = [
        point((arm, pair), step, a=base / (step + 1), b=base / (step + 1))
        for pair in (0, 1)
        for arm, base in (("x", 0.9), ("y", 0.6))
        for step in (0, 1, 2)
    ]
    kept = record(path, made, points)
    kept.save(STEPS)
    return kept


def read_csv(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text().splitlines()))


def test_arms_that_count_unlike_things_are_compared_along_batches(tmp_path: Path) -> None:
    arms = [Arm("one", {}), Arm("many", {"search": "nsga2"}), Arm("more", {"search": "nsga3"})]
    assert Record(tmp_path / "a.csv", settings_of(comparison(*arms), "cpu")).along == "batch"
    assert Record(tmp_path / "b.csv", settings_of(comparison(*arms[1:]), "cpu")).along == "step"
    assert Record(tmp_path / "c.csv", settings_of(comparison("x", "y"), "cpu")).along == "step"


def test_a_later_sitting_reads_what_was_written(tmp_path: Path) -> None:
    made = comparison("y", "x")
    kept = two_pairs(tmp_path / "r.csv", made)
    kept.winner = {"arm": "y", "parameters": 7}
    kept.choices = {"y": {"chosen": {"learning_rate": 0.1}, "tried": []}}
    kept.save(STEPS)
    again = Record.open(tmp_path / "r.csv", settings_of(made, "cpu"))
    assert (again.pairs, again.winner, again.choices) == (kept.pairs, kept.winner, kept.choices)
    assert again.arms == ["y", "x"]  # in the order of the file, although JSON sorts
    assert again.rows(STEPS) == kept.rows(STEPS)
    again.save(STEPS)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r-points.csv", "r.csv", "r.json"]


def test_the_csv_has_a_row_per_run_and_checkpoint(tmp_path: Path) -> None:
    kept = two_pairs(tmp_path / "r.csv", comparison("x", "y"))
    rows = read_csv(tmp_path / "r.csv")
    assert {(r["problem"], r["arm"], r["pair"], r["checkpoint"]) for r in rows} == {
        ("digits", arm, pair, kind) for arm in "xy" for pair in "01" for kind in ("step", "second")
    }
    assert len(rows) == 4 * len(checkpoints(kept.runs, STEPS))
    last = next(r for r in rows if (r["arm"], r["pair"], r["checkpoint"], r["value"]) == ("y", "1", "step", "2"))
    assert float(last["validation_a"]) == float(last["test_b"]) == pytest.approx(0.2)
    assert (last["front"], last["parameters"], last["candidates"], last["batches"]) == ("1", "1000", "3", "40")


def test_every_figure_follows_from_the_points(tmp_path: Path) -> None:
    kept = two_pairs(tmp_path / "r.csv", comparison("x", "y"))
    points = read_points(tmp_path / "r-points.csv")
    for r in read_csv(tmp_path / "r.csv"):
        at = next(c for c in checkpoints(kept.runs, STEPS) if (c.kind, f"{c.value:g}") == (r["checkpoint"], r["value"]))
        run = (r["arm"], int(r["pair"]))
        again = row(run, [p for p in points if p.run == run], at, kept.bounds)
        assert float(r["validation_hypervolume"]) == pytest.approx(again.validation, rel=1e-7)
        assert float(r["test_hypervolume"]) == pytest.approx(again.test, rel=1e-7)


def test_a_sitting_more_adds_to_the_last_one_only_when_it_is_the_same(tmp_path: Path) -> None:
    kept = two_pairs(tmp_path / "r.csv", comparison("x", "y"))
    assert [sitting["pairs"] for sitting in kept.sittings] == [[0, 1]]
    kept.add_pair(2, [], {"x": "diverged"}, {"date": "2026-01-02", "torch": "1"})
    assert [sitting["pairs"] for sitting in kept.sittings] == [[0, 1], [2]]
    assert kept.lost == [{"arm": "x", "pair": 2, "reason": "diverged"}]
    assert kept.runs["x", 2] == []


OTHERS: dict[str, tuple[Comparison, str]] = {
    "fewer steps": (comparison("x", "y", shared={"steps": 2}), r"arms\.x\.steps = 3 .*, got 2"),
    "another seed": (comparison("x", "y", shared={"seed": 5}), "seed = 0 .*, got 5"),
    "another arm": (comparison("x", "z"), r"arms\.y.* got 'none'"),
    "one arm more": (comparison("x", "y", "z"), r"arms\.z.*'none'"),
    "a narrower space": (comparison("x", "y", shared={"space": {"max_width": 40}}), r"arms\.x\.space\.max_width = 128"),
    "tuned": (comparison("x", "y", tune_rates=(0.1,)), r"learning_rate = 0\.003 .*, got 'tuned'"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_settings_are_refused_by_name(tmp_path: Path, name: str) -> None:
    two_pairs(tmp_path / "r.csv", comparison("x", "y"))
    other, message = OTHERS[name]
    with pytest.raises(ConfigError, match=message):
        Record.open(tmp_path / "r.csv", settings_of(other, "cpu"))


def test_another_device_is_refused(tmp_path: Path) -> None:
    made = comparison("x", "y")
    two_pairs(tmp_path / "r.csv", made)
    with pytest.raises(ConfigError, match="device = 'cpu'"):
        Record.open(tmp_path / "r.csv", settings_of(made, "cuda"))


def test_how_many_pairs_and_what_is_shown_may_differ(tmp_path: Path) -> None:
    two_pairs(tmp_path / "r.csv", comparison("x", "y"))
    other = comparison("y", "x", pairs=9, checkpoints=(1,), figure_arms=("x", "y"), tune_pairs=3)
    assert Record.open(tmp_path / "r.csv", settings_of(other, "cpu")).pairs == [0, 1]


def test_what_is_primary_cannot_be_chosen_afterwards(tmp_path: Path) -> None:
    two_pairs(tmp_path / "r.csv", comparison("x", "y"))
    with pytest.raises(ConfigError, match="expected against = '' as in the figures that are there, got 'x'"):
        Record.open(tmp_path / "r.csv", settings_of(comparison("x", "y", against="x"), "cpu"))


def test_points_that_are_not_those_recorded_are_refused(tmp_path: Path) -> None:
    two_pairs(tmp_path / "r.csv", comparison("x", "y"))
    points = tmp_path / "r-points.csv"
    kept = points.read_text().splitlines(keepends=True)
    points.write_text("".join(kept[:1] + kept[2:]))
    with pytest.raises(StoreError, match="expected the points as recorded, found others"):
        Record.read(tmp_path / "r.csv")


def test_a_key_that_is_newer_than_the_record_counts_as_its_default(tmp_path: Path) -> None:
    made = comparison("x", "y")
    two_pairs(tmp_path / "r.csv", made)
    notes = json.loads((tmp_path / "r.json").read_text())
    for arm in notes["settings"]["arms"].values():
        del arm["start"], arm["space"]["max_networks"]
    (tmp_path / "r.json").write_text(json.dumps(notes))
    assert Record.open(tmp_path / "r.csv", settings_of(made, "cpu")).pairs == [0, 1]
    with pytest.raises(ConfigError, match=r"arms\.x\.start = 'deep,random-sized,random-sized' .*, got 'wide'"):
        Record.open(tmp_path / "r.csv", settings_of(comparison("x", "y", shared={"start": "wide"}), "cpu"))


def test_a_table_of_the_run_file_is_compared_entry_by_entry(tmp_path: Path) -> None:
    """A record from before there were loss weights has none."""
    made = comparison("x", "y")
    two_pairs(tmp_path / "r.csv", made)
    notes = json.loads((tmp_path / "r.json").read_text())
    for arm in notes["settings"]["arms"].values():
        del arm["balancing"], arm["loss_weights"]
    (tmp_path / "r.json").write_text(json.dumps(notes))
    assert Record.open(tmp_path / "r.csv", settings_of(made, "cpu")).pairs == [0, 1]
    weighted = {"chooser": "train-only", "balancing": "fixed", "loss_weights": {"digit": 2.0}}
    with pytest.raises(ConfigError, match=r"arms\.x\.balancing = 'sum' .*, got 'fixed'"):
        Record.open(tmp_path / "r.csv", settings_of(comparison(Arm("x", weighted), "y"), "cpu"))
    first = comparison(Arm("x", weighted), "y")
    two_pairs(tmp_path / "w.csv", first)
    assert Record.open(tmp_path / "w.csv", settings_of(first, "cpu")).pairs == [0, 1]
    for digit, other in ((3.0, {}), (2.0, {"sample": 1.0})):
        changed = comparison(Arm("x", {**weighted, "loss_weights": {"digit": digit, **other}}), "y")
        with pytest.raises(ConfigError, match=r"arms\.x\.loss_weights\.(digit = 2.0|sample = 'none')"):
            Record.open(tmp_path / "w.csv", settings_of(changed, "cpu"))


def test_a_start_file_with_another_content_is_another_setting(tmp_path: Path) -> None:
    start = tmp_path / "start.json"
    made = comparison(Arm("x", {"start": str(start)}), "y")
    start.write_text("{}")
    before = settings_of(made, "cpu")
    start.write_text("{ }")
    assert settings_of(made, "cpu") != before
    start.unlink()
    with pytest.raises(StoreError, match=r"start\.json: expected a file, found none"):
        settings_of(made, "cpu")


def test_files_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    settings = settings_of(comparison("x", "y"), "cpu")
    (tmp_path / "mine.csv").write_text("a,b\n1,2\n")
    with pytest.raises(StoreError, match=r"mine\.csv: expected mine\.json beside it"):
        Record.open(tmp_path / "mine.csv", settings)
    (tmp_path / "mine.json").write_text('{"format": "else"}')
    with pytest.raises(StoreError, match=r"mine\.json: expected format"):
        Record.open(tmp_path / "mine.csv", settings)
    assert (tmp_path / "mine.csv").read_text() == "a,b\n1,2\n"


def test_runs_on_other_data_are_refused(tmp_path: Path) -> None:
    kept = two_pairs(tmp_path / "r.csv", comparison("x", "y"))
    same: dict[str, Any] = {**kept.problem, "summary": "of no importance"}
    kept.take_problem(same, tmp_path)
    with pytest.raises(StoreError, match="expected the data and bounds"):
        kept.take_problem({**same, "fingerprint": "another"}, tmp_path)


def test_a_kill_between_the_files_loses_the_last_pair_only(tmp_path: Path) -> None:
    made = comparison("x", "y")
    kept = two_pairs(tmp_path / "r.csv", made)
    notes = (tmp_path / "r.json").read_text()
    kept.add_pair(2, [point(("x", 2)), point(("y", 2))], {}, {})
    kept.save(STEPS)
    (tmp_path / "r.json").write_text(notes)
    again = Record.open(tmp_path / "r.csv", settings_of(made, "cpu"))
    assert again.pairs == [0, 1]
    assert {p.pair for p in again.points} == {0, 1}


def test_a_note_counts_the_donations_of_populations(tmp_path: Path) -> None:
    made = comparison(Arm("one", {}), Arm("many", {"search": "nsga2"}))
    points = [
        point((arm, pair), step, donated=arm == "many" and step > pair)
        for pair in (0, 1)
        for arm in ("one", "many")
        for step in (0, 1, 2)
    ]
    said = [note for note in notes(record(tmp_path / "r.csv", made, points), []) if "donations" in note]
    assert said == ["many: 1.5 donations per run of 3.0 models on average, from 1 to 2"]


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("digits-compare", "digits-compare"),
        ("student-compare", "student-compare"),
        ("fashion-compare", "fashion-compare"),
        ("choosers-fashion-mnist", "choosers-small"),
        ("end-to-end", "end-to-end"),
        ("paper-budget", "paper-budget"),
        ("cells-in-valps", "cells-in-valps"),
        ("population-digits", "population-compare"),
        ("population-student", "population-student"),
    ],
)
def test_a_record_that_ships_can_be_added_to_with_its_file(name: str, file: str, monkeypatch: Any) -> None:
    """Defaults change; what a file leaves open must still be what its figures were made with."""
    monkeypatch.chdir(ROOT)  # a start may be a file beside the runs
    wanted = settings_of(read_compare_file(Path(f"runs/{file}.toml")), "cpu")
    assert len(Record.open(Path(f"benchmarks/results/{name}.csv"), wanted).pairs) >= 8


@pytest.mark.parametrize("problem", ["abalone", "digits", "mnist", "student"])
def test_a_record_of_the_same_arms_on_another_problem_can_be_added_to(problem: str) -> None:
    """What `valpnas compare PROBLEM --arms choosers-small --select best-checkpoint` asks for."""
    keys = {**read_keys(ROOT / "runs/choosers-small.toml"), "problem": problem, "select": "best-checkpoint"}
    record = ROOT / f"benchmarks/results/choosers-{problem}.csv"
    assert len(Record.open(record, settings_of(assemble(keys), "cpu")).pairs) >= 20

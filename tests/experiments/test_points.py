"""Points: what a run directory holds, with all it cost, and the same numbers back from CSV."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.graph.strategies import quick
from valpnas.config_tables import config_from
from valpnas.errors import StoreError
from valpnas.experiments.points import Point, read_points, read_run, shown, trained, write_points

from .fabricate import make_run, point, untested

CONFIG = config_from({"problem": "digits", "steps": 2, "initial_batches": 20, "batches_per_step": 10})


def test_a_point_has_all_that_its_run_had_used(tmp_path: Path) -> None:
    make_run(tmp_path / "run", CONFIG, [0.8, 0.6, 0.4])
    points = read_run(tmp_path / "run", "x", 3)
    assert [p.run for p in points] == [("x", 3)] * 3
    assert [(p.candidate, p.step, p.batches, p.seconds) for p in points] == [
        (0, 0, 20, 1),
        (1, 1, 30, 2),
        (2, 2, 40, 3),
    ]
    assert [p.parameters for p in points] == [1000, 1001, 1002]
    assert points[1].validation == {"a": 0.6, "b": 0.6}
    assert points[1].test == {"a": 0.3, "b": 0.3}


def test_failed_and_rejected_candidates_are_charged(tmp_path: Path) -> None:
    """A search that breaks half its candidates has used their batches all the same."""
    make_run(tmp_path / "run", CONFIG, [0.8, 0.6, 0.4])
    journal = tmp_path / "run" / "journal.jsonl"
    events = [json.loads(line) for line in journal.read_text().splitlines()]
    failed = {"event": "failed", "ask": 1, "candidate": 1, "reason": "diverged", "batches": 7}
    rejected = {"event": "rejected", "candidate": 1, "step": 1, "seconds": {"other": 7.0}}
    changed = [*events[:4], failed, rejected, *events[6:]]
    journal.write_text("".join(json.dumps(event) + "\n" for event in changed))
    points = read_run(tmp_path / "run", "x", 0)
    assert [(p.candidate, p.batches) for p in points] == [(0, 20), (1, 27), (2, 37)]
    assert [p.candidate for p in trained(points)] == [0, 2]
    assert points[2].seconds == pytest.approx(1.0 + 0.25 + 7.0 + 1.0)


def test_a_step_whose_parent_was_trained_too_is_one_step(tmp_path: Path) -> None:
    make_run(tmp_path / "run", CONFIG, [0.8, 0.6, 0.4])
    journal = tmp_path / "run" / "journal.jsonl"
    journal.write_text(journal.read_text().replace('"candidate": 2, "step": 2', '"candidate": 2, "step": 1'))
    assert [p.step for p in read_run(tmp_path / "run", "x", 0)] == [0, 1, 1]


def test_candidates_without_test_objectives_leave_gaps(tmp_path: Path) -> None:
    make_run(tmp_path / "run", CONFIG, [0.8, 0.6, 0.4])
    scores = tmp_path / "run" / "test_objectives.jsonl"
    scores.write_text(scores.read_text().splitlines(keepends=True)[-1])
    assert [bool(p.test) for p in read_run(tmp_path / "run", "x", 0)] == [False, False, True]


SINGLE = st.floats(2.0**-20, 2.0**20, width=32)


@quick
@given(st.lists(st.tuples(SINGLE, SINGLE), min_size=1, max_size=5))
def test_csv_gives_back_what_was_written(values: list[tuple[float, float]]) -> None:
    import tempfile

    made = [point(("an,arm", 7), step, a, b, seconds=1.5) for step, (a, b) in enumerate(values)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "p.csv"
        write_points(path, "digits", [*made, untested(made[0])])
        *back, without = read_points(path)
    assert without.test == {}
    for one, other in zip(made, back, strict=True):
        assert (one.run, one.candidate, one.step) == (other.run, other.candidate, other.step)
        assert {k: pytest.approx(v, rel=1e-8) for k, v in one.validation.items()} == other.validation


def test_writing_what_was_read_changes_nothing(tmp_path: Path) -> None:
    write_points(tmp_path / "one.csv", "digits", [point(a=1 / 3), untested(point(step=2, b=2 / 3))])
    write_points(tmp_path / "two.csv", "digits", read_points(tmp_path / "one.csv"))
    assert (tmp_path / "one.csv").read_text() == (tmp_path / "two.csv").read_text()


@pytest.mark.parametrize("damage", ["pair", "0.5", "seconds"])
def test_an_altered_file_is_refused_in_words(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "p.csv"
    write_points(path, "digits", [point()])
    path.write_text(path.read_text().replace(damage, "?"))
    with pytest.raises(StoreError, match=r"p\.csv: expected the points of a comparison"):
        read_points(path)


def test_a_missing_figure_is_an_empty_cell() -> None:
    assert (shown(None), shown(0.1), shown(1 / 3)) == ("", "0.1", "0.333333333")
    assert isinstance(point(), Point)


def test_donations_are_known_from_the_journal_and_from_the_file(tmp_path: Path) -> None:
    make_run(tmp_path / "run", CONFIG, [0.8, 0.6, 0.4])
    journal = tmp_path / "run" / "journal.jsonl"
    events = [json.loads(line) for line in journal.read_text().splitlines()]
    for event in events:
        if event["event"] == "proposed":
            event["proposal"] = {"donor": 0 if event["candidate"] == 2 else None}
    journal.write_text("".join(json.dumps(event) + "\n" for event in events))
    points = read_run(tmp_path / "run", "x", 0)
    assert [point.donated for point in points] == [False, False, True]
    write_points(tmp_path / "p.csv", "digits", points)
    assert [point.donated for point in read_points(tmp_path / "p.csv")] == [False, False, True]
    write_points(tmp_path / "q.csv", "digits", points[:2])
    assert "donated" not in (tmp_path / "q.csv").read_text()

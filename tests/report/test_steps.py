"""Steps: verdicts, places, what was spent, gains over the parent, and lines of descent."""

from __future__ import annotations

from math import log
from pathlib import Path

import pytest

from valpnas.report.family import family_tree, level, tried
from valpnas.report.steps import Step, descent, gains, read_steps
from valpnas.store.run_directory import RunDirectory

from .fabricate import BATCHES, EVIL, NAMES, make_run

FLOOR = dict.fromkeys(NAMES, 0.01)


@pytest.fixture
def steps(tmp_path: Path) -> list[Step]:
    """Sixty steps: one in three accepted, the fiftieth failed."""
    return read_steps(RunDirectory(make_run(tmp_path / "run", 60, weights=False)), FLOOR)


def test_steps_say_what_was_done(steps: list[Step]) -> None:
    assert (steps[0].change, steps[0].fate, steps[0].parent) == ("start", "start", None)
    assert (steps[1].change, steps[1].fate, steps[1].place) == ("add_layer/gentle", "accepted", "n1 (main.1)")
    assert (steps[2].fate, steps[2].parent, steps[2].findings) == ("rejected", 1, ("STEEP",))
    assert (steps[49].fate, steps[49].failure, steps[49].gains) == ("failed", f"raised {EVIL}", {})
    assert [step.total_batches for step in steps[:3]] == [BATCHES, 2 * BATCHES, 3 * BATCHES]
    assert steps[1].total_seconds == pytest.approx(2 * (0.2 + 1.1) + 0.1)


def test_gains_are_over_the_parent(steps: list[Step]) -> None:
    expected = log(steps[1].objectives["price"] / steps[2].objectives["price"])
    assert steps[2].gains["price"] == pytest.approx(expected)


def test_half_the_error_is_a_gain_of_069() -> None:
    assert gains({"a": 0.4}, {"a": 0.2}, {"a": 0.01}) == {"a": pytest.approx(log(2))}
    assert gains({"a": 0.02}, {"a": 0.0}, {"a": 0.01}) == {"a": pytest.approx(log(2))}  # below the ideal is the ideal
    assert gains({"a": 0.0}, {"a": 0.0}, {"a": 0.01}) == {"a": 0.0}


def test_what_is_usual_is_the_mean_of_earlier_gains(steps: list[Step]) -> None:
    same = [step for step in steps if step.change == "add_layer/gentle"]
    assert same[0].usual == {}
    assert same[1].usual == same[0].gains
    assert same[2].usual["kind"] == pytest.approx((same[0].gains["kind"] + same[1].gains["kind"]) / 2)


def test_a_line_of_descent_begins_with_the_start(steps: list[Step]) -> None:
    line = descent(steps, 8)
    assert [step.candidate for step in line] == [0, 1, 4, 7, 8]


def test_a_run_cut_off_in_the_middle_has_a_pending_candidate(tmp_path: Path) -> None:
    path = make_run(tmp_path / "run", 4, ended=False, weights=False)
    lines = (path / "journal.jsonl").read_text().splitlines(keepends=True)
    (path / "journal.jsonl").write_text("".join(lines[:-2]))
    last = read_steps(RunDirectory(path), FLOOR)[-1]
    assert (last.candidate, last.fate, last.objectives) == (4, "pending", {})


def test_each_kind_of_change_is_counted(steps: list[Step]) -> None:
    rows = {row.change: row for row in tried(steps)}
    assert sum(row.tried for row in rows.values()) == 60
    assert sum(row.accepted for row in rows.values()) == sum(step.fate == "accepted" for step in steps)
    assert sum(row.failed for row in rows.values()) == 1
    members = [step for step in steps if step.change == "delete_network"]
    assert rows["delete_network"].gains["size"] == pytest.approx(sum(s.gains["size"] for s in members) / len(members))


def test_the_tree_joins_every_candidate_to_its_parent(steps: list[Step]) -> None:
    traces = {trace["name"]: trace for trace in family_tree(steps, FLOOR)["data"]}
    edges = [
        (parent, child)
        for name in ("rejected branch", "line kept")
        for parent, child in zip(traces[name]["x"][::3], traces[name]["x"][1::3], strict=True)
    ]
    assert sorted(edges, key=lambda edge: edge[1]) == [(step.parent, step.candidate) for step in steps[1:]]
    nodes = [x for fate in ("start", "accepted", "rejected", "failed") for x in traces[fate]["x"]]
    assert sorted(nodes) == list(range(61))
    assert traces["start"]["y"] == [1.0]
    assert level(steps[0], steps[0].objectives, FLOOR) == 1.0

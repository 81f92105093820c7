"""A learning rate of 0: found before the run, written into its run file, counted, told, and not sought again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from valpnas import run as runs
from valpnas.config_tables import config_from
from valpnas.contracts.problem import Problem
from valpnas.errors import StoreError
from valpnas.experiments.plan import state_of
from valpnas.experiments.points import read_run
from valpnas.resuming import resume
from valpnas.run import design
from valpnas.run_files import read_run_file
from valpnas.store.run_directory import RunDirectory

KEYS: dict[str, Any] = {"learning_rate": 0, "steps": 2, "initial_batches": 20, "batches_per_step": 10, "seed": 3}


@pytest.fixture
def problem() -> Problem:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(120, 5))
    return Problem.from_arrays({"x": rows}, {"y": rows[:, 0], "c": (rows[:, 1] > 0).astype(int)})


def test_the_rate_is_found_once_and_counted(problem: Problem, tmp_path: Path) -> None:
    said: list[str] = []
    run = design(problem, say=said.append, out=str(tmp_path / "run"), **KEYS)
    told = json.loads((run.path / "learning_rate.json").read_text())
    assert read_run_file(run.path / "run.toml").learning_rate == told["rate"] > 0
    assert {how.learning_rate for how in RunDirectory(run.path).valp(0).training} == {told["rate"]}
    assert told["batches"] == sum(each["batches"] for each in told["tried"]) >= 7 * 40  # no longer than the run itself
    summary = run.summary()
    assert told["note"] in summary["notes"]
    assert told["note"] in said
    assert summary["batches"] == told["batches"] + 3 * 20 + 2 * 10  # three starts
    events = RunDirectory(run.path).journal.events
    assert [event["event"] for event in events].count("range-test") == 1
    assert events[0]["seconds"] == told["seconds"]
    assert read_run(run.path, "arm", 0)[0].batches == told["batches"] + 20
    assert "found by a range test of" in (run.path / "report.html").read_text()

    resume(run.path, lambda _: None, steps=3)
    assert json.loads((run.path / "learning_rate.json").read_text()) == told
    assert run.path.joinpath("journal.jsonl").read_text().count('"range-test"') == 1


def test_one_killed_before_its_first_event_still_counts_the_test(problem: Problem, tmp_path: Path) -> None:
    run = design(problem, out=str(tmp_path / "run"), **KEYS)
    for file in [run.path / "journal.jsonl", *(run.path / "weights").glob("*")]:
        file.unlink()
    again = resume(run.path, lambda _: None)
    assert again.summary()["batches"] == run.summary()["batches"]
    assert [dict(m.validation) for m in again.front] == [dict(m.validation) for m in run.front]


def test_one_killed_in_the_test_starts_it_again(
    problem: Problem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(runs, "find_learning_rate", killed)
        with pytest.raises(KeyboardInterrupt):
            design(problem, out=str(tmp_path / "run"), **KEYS)
    assert design(problem, out=str(tmp_path / "run"), **KEYS).summary()["ended"]


def test_a_place_that_is_taken_is_told_before_the_test(
    problem: Problem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "find_learning_rate", lambda *_: pytest.fail("the test was made"))
    (tmp_path / "foreign.txt").write_text("")
    with pytest.raises(StoreError, match="expected a new or empty folder"):
        design(problem, out=str(tmp_path), **KEYS)


def test_a_comparison_knows_its_run_again(tmp_path: Path) -> None:
    keys = {**KEYS, "problem": "digits", "start_parameters": 0, "out": str(tmp_path / "run"), "report": False}
    config = config_from({**keys, "quiet": True, "steps": 0})
    runs.start(config, runs.problem_of(config), lambda _: None)
    assert state_of(tmp_path / "run", config) == "ended"
    with pytest.raises(StoreError, match="learning_rate"):
        state_of(tmp_path / "run", config_from({**keys, "learning_rate": 0.5, "steps": 0}))


def test_a_broken_file_is_told(problem: Problem, tmp_path: Path) -> None:
    run = design(problem, out=str(tmp_path / "run"), **KEYS)
    (run.path / "learning_rate.json").write_text("{}")
    with pytest.raises(StoreError, match=r"learning_rate\.json: expected a range test"):
        run.summary()

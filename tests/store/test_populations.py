"""Population runs on disk: resumed like any other, also in the middle of a generation, with measures as journalled."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.store.small_runs import SPACE, settings_of, small_problem, weight_files
from tests.store.stopping import stopped
from valpnas.errors import ConfigError
from valpnas.opened_run import Run
from valpnas.resuming import resume
from valpnas.run import design
from valpnas.testing.runs import contents

BUDGET: dict[str, Any] = {"population": 6, "generations": 3, "chooser": "guided"}


def make(path: Path, **settings: Any) -> Run:
    settings = settings_of(**{**BUDGET, "search": "nsga2", **settings, "out": str(path)})
    return design(small_problem(), **settings)


def go_on(path: Path, generations: int | None = None) -> Run:
    return resume(path, lambda _: None, generations=generations)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return make(tmp_path_factory.mktemp("runs") / "whole")


def test_a_summary_shows_generations(whole: Run) -> None:
    summary = whole.summary()
    assert (summary["steps"], summary["steps_planned"], summary["unit"]) == (3, 3, "generations")
    assert [row["generation"] for row in summary["generations"]] == [0, 1, 2, 3]
    assert summary["generations"][-1]["hypervolume"] == pytest.approx(summary["hypervolume"])
    assert json.loads(json.dumps(summary)) == summary


def test_weights_of_members_and_front_are_kept_and_no_others(whole: Run) -> None:
    front = {member.candidate for member in whole.front}
    kept = {int(name.split(".")[0]) for name in weight_files(whole.path)}
    assert front <= kept
    assert len(kept) <= len(front) + BUDGET["population"]


@pytest.mark.parametrize("kind", ["nsga2", "nsga3"])
def test_the_same_seed_gives_the_same_run(kind: str, tmp_path: Path) -> None:
    one, other = (make(tmp_path / name, search=kind, generations=2) for name in ("one", "other"))
    assert contents(one.path) == contents(other.path)


def test_a_run_goes_on_from_the_middle_of_a_generation(whole: Run, tmp_path: Path) -> None:
    with stopped(15):
        make(tmp_path / "stopped")
    go_on(tmp_path / "stopped")
    assert contents(tmp_path / "stopped") == contents(whole.path)


def test_a_raised_budget_goes_on_in_generations(whole: Run, tmp_path: Path) -> None:
    path = tmp_path / "run"
    shutil.copytree(whole.path, path)
    with pytest.raises(ConfigError, match="steps: expected generations, which nsga2 counts"):
        resume(path, lambda _: None, steps=40)
    with pytest.raises(ConfigError, match="generations: expected at least the 3"):
        go_on(path, 2)
    summary = go_on(path, 4).summary()
    assert (summary["steps"], summary["steps_planned"], summary["evaluations"]) == (4, 4, 6 * 5)


def test_a_generation_cut_off_before_the_budget_was_raised_counts_once(tmp_path: Path) -> None:
    """Its results are void, for their schedule is another: their numbers are given anew."""
    with stopped(15):
        make(tmp_path / "run")
    run = Run(tmp_path / "run")
    assert run.summary()["evaluations"] == 15
    summary = go_on(run.path, 4).summary()
    assert (summary["evaluations"], summary["steps"]) == (6 * 5, 4)
    assert [row["candidate"] for row in Run(run.path).history()] == list(range(30))


def test_further_objectives_are_journalled_and_measured_once(tmp_path: Path) -> None:
    run = make(tmp_path / "run", objectives=["parameters", "latency"], generations=1)
    objectives = [m.validation for m in run.front]
    assert all(set(found) == {"side", "sum", "parameters", "latency"} for found in objectives)
    assert [m.parameters for m in run.front] == [found["parameters"] for found in objectives]
    before = contents(run.path)
    go_on(run.path)
    assert contents(run.path) == before
    assert run.summary()["hypervolume"] <= 1


def test_the_bar_advances_with_candidates_those_of_the_starts_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = list[tuple[int, int]]()

    class Bar:
        def __init__(self, total: int, unit: str, **_: object) -> None:
            self.total, self.n = total, 0
            assert (total, unit) == (9, "candidate")

        def __enter__(self) -> Bar:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def update(self, more: int) -> None:
            self.n += more
            seen.append((self.n, self.total))

    monkeypatch.setattr("valpnas.searching.tqdm", Bar)
    make(tmp_path / "run", search="nsga2", population=3, generations=2, engine="plain")
    assert [n for n, _ in dict.fromkeys(seen)] == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert {total for _, total in seen} == {9}


@pytest.mark.parametrize("objectives", [[], ["parameters", "latency"]], ids=str)
def test_stagnation_is_told_beside_limits_of_whatever_is_an_objective(objectives: list[str], tmp_path: Path) -> None:
    """Results say nothing of a quantity that is limited and no objective."""
    limits = {"space": {**SPACE, "max_parameters": 5000}, "max_latency": 1000.0, "stagnation": 1}
    run = make(tmp_path / "run", chooser="train-only", generations=2, objectives=objectives, **limits)
    before = run.summary()
    assert before["steps"] >= 1
    assert go_on(run.path, 3).summary()["steps"] >= before["steps"]


def test_the_time_of_all_sittings_counts_when_a_run_is_resumed(tmp_path: Path) -> None:
    """Stopped in its first sitting, whose last results say that an hour has passed: its generation is the last."""
    with stopped(8):
        make(tmp_path / "run", max_seconds=1000.0)
    journal = tmp_path / "run" / "journal.jsonl"
    events = [json.loads(line) for line in journal.read_text().splitlines()]
    late = [event for event in events if "elapsed" in event and event["candidate"] >= BUDGET["population"]]
    assert late
    told = [{**event, "elapsed": 3600.0} if event in late else event for event in events]
    journal.write_text("".join(json.dumps(event, sort_keys=True) + "\n" for event in told))
    assert go_on(tmp_path / "run").summary()["steps"] == 1

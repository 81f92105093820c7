"""A sitting: tunes alike, runs what is missing and no more, lets the winner give the size, records complete pairs."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from valpnas.config import RunConfig
from valpnas.errors import StoreError, TrainingFailedError, ValpnasError
from valpnas.experiments.arms import Arm
from valpnas.experiments.comparison import Comparison
from valpnas.experiments.plan import pair_tasks
from valpnas.experiments.record import Record
from valpnas.experiments.runner import Runner
from valpnas.experiments.settings import settings_of
from valpnas.experiments.sitting import Sitting
from valpnas.experiments.workers import Outcome

from .fabricate import FakeWorkers, comparison, make_run

GOOD = Arm("good", {"chooser": "random"})
BAD = Arm("bad", {"chooser": "guided"})
BIG = Arm("big", {"start": "wide", "start_parameters": "winner", "chooser": "train-only"})


def skill(config: RunConfig) -> float:
    return {"random": 0.3, "guided": 0.8, "train-only": 0.5}[config.chooser]


@dataclass
class Held:
    """A sitting that was held."""

    record: Record
    workers: FakeWorkers
    said: list[str] = field(default_factory=list)


def hold(
    out: Path, made: Comparison, how: Callable[[RunConfig], float] = skill, csv: Path | None = None, workers: Any = None
) -> Held:
    path = csv or out / "results.csv"
    held = Held(Record.open(path, settings_of(made, "cpu")), workers or FakeWorkers(how))
    Sitting(made, held.record, out, Runner(held.workers, quiet=True), held.said.append).conduct()  # type: ignore[arg-type]
    return held


def test_every_arm_runs_every_pair(tmp_path: Path) -> None:
    held = hold(tmp_path, comparison(GOOD, BAD))
    assert held.workers.folders == ["good-0", "bad-0", "bad-1", "good-1"]
    assert held.record.pairs == [0, 1]
    assert len(held.record.points) == 2 * 2 * 4


def test_a_second_sitting_repeats_nothing(tmp_path: Path) -> None:
    made = comparison(GOOD, BIG, BAD, tune_rates=(0.1, 0.2))
    first = hold(tmp_path, made)
    again = hold(tmp_path, made)
    assert again.workers.done == []
    assert again.record == first.record
    more = hold(tmp_path, comparison(GOOD, BIG, BAD, tune_rates=(0.1, 0.2), pairs=3))
    assert sorted(more.workers.folders) == ["bad-2", "big-2", "good-2"]
    assert more.record.pairs == [0, 1, 2]


def test_ended_runs_are_kept_when_the_record_is_lost(tmp_path: Path) -> None:
    made = comparison(GOOD, BAD)
    first = hold(tmp_path, made)
    shutil.rmtree(tmp_path / "runs" / "bad-1")
    for file in tmp_path.glob("results*"):
        file.unlink()
    again = hold(tmp_path, made)
    assert again.workers.folders == ["bad-1"]
    assert again.record.points == first.record.points


def test_pairs_in_an_appended_record_are_not_run_elsewhere(tmp_path: Path) -> None:
    made = comparison(GOOD, BIG, BAD, tune_rates=(0.1, 0.2))
    hold(tmp_path / "first", made, csv=tmp_path / "all.csv")
    more = comparison(GOOD, BIG, BAD, tune_rates=(0.1, 0.2), pairs=4)
    second = hold(tmp_path / "second", more, csv=tmp_path / "all.csv")
    assert {folder.rpartition("-")[2] for folder in second.workers.folders} == {"2", "3"}
    assert not (tmp_path / "second" / "tuning").exists()
    assert second.record.pairs == [0, 1, 2, 3]


def test_the_winner_gives_followers_their_size(tmp_path: Path) -> None:
    held = hold(tmp_path, comparison(BAD, BIG, GOOD))
    assert held.record.winner == {"arm": "good", "parameters": 1003}  # each run's front is its last candidate
    sizes = {task.arm: task.config.start_parameters for task in held.workers.done}
    assert sizes["big"] == 1003
    assert [folder.split("-")[0] for folder in held.workers.folders[-2:]] == ["big", "big"]
    assert held.said == ["good leads: arms of the winner's size get 1,003 parameters"]


def test_the_size_stays_when_later_pairs_change_the_lead(tmp_path: Path) -> None:
    hold(tmp_path, comparison(BAD, BIG, GOOD))
    more = hold(tmp_path, comparison(BAD, BIG, GOOD, pairs=3), how=lambda config: 1.0 - skill(config))
    assert more.record.winner["arm"] == "good"
    assert {task.config.start_parameters for task in more.workers.done if task.arm == "big"} == {1003}


def test_validation_chooses_the_rate_on_seeds_of_its_own(tmp_path: Path) -> None:
    def by_rate(config: RunConfig) -> float:
        return skill(config) * (0.5 if config.learning_rate == {"random": 0.1, "guided": 0.2}[config.chooser] else 1)

    held = hold(tmp_path, comparison(GOOD, BAD, tune_rates=(0.1, 0.2), tune_pairs=2), how=by_rate)
    assert {arm: choice["chosen"] for arm, choice in held.record.choices.items()} == {
        "good": {"learning_rate": 0.1},
        "bad": {"learning_rate": 0.2},
    }
    reported = [task for task in held.workers.done if task.folder.parent.name == "runs"]
    assert {(task.arm, task.config.learning_rate) for task in reported} == {("good", 0.1), ("bad", 0.2)}
    tuning = {task.config.seed for task in held.workers.done if task not in reported}
    assert tuning.isdisjoint({task.config.seed for task in reported})
    assert [len(choice["tried"]) for choice in held.record.choices.values()] == [2, 2]


def test_a_run_without_a_model_is_counted_as_lost_and_not_left_out(tmp_path: Path) -> None:
    held = hold(tmp_path, comparison(GOOD, BAD), how=lambda config: 0.0 if config.chooser == "guided" else 0.3)
    assert held.record.pairs == [0, 1]
    assert [(run["arm"], run["pair"]) for run in held.record.lost] == [("bad", 0), ("bad", 1)]
    assert {r.validation for r in held.record.rows((3,)) if r.arm == "bad"} == {0.0}


def test_without_any_model_there_is_no_winner(tmp_path: Path) -> None:
    with pytest.raises(TrainingFailedError, match="no arm has a trained model"):
        hold(tmp_path, comparison(GOOD, BIG), how=lambda _: 0.0)


class Failing(FakeWorkers):
    """Does two tasks and then breaks."""

    def run(self, tasks: Any) -> Any:
        yield from super().run(tasks[:2])
        yield Outcome(tasks[2], "broke", "the worker process ended with code -9; out of memory?")


def test_a_broken_run_stops_the_sitting_and_loses_nothing(tmp_path: Path) -> None:
    made = comparison(GOOD, BAD)
    with pytest.raises(StoreError, match=r"bad-1: expected the run to end, but it did not: .*code -9.*same --out"):
        hold(tmp_path, made, workers=Failing(skill))
    assert Record.open(tmp_path / "results.csv", settings_of(made, "cpu")).pairs == [0]
    assert hold(tmp_path, made).workers.folders == ["bad-1", "good-1"]


def test_a_foreign_run_in_the_folder_is_refused(tmp_path: Path) -> None:
    made = comparison(GOOD, BAD)
    task = pair_tasks(comparison(GOOD, BAD, shared={"steps": 9}), made.arms, [0], {}, tmp_path)[0]
    make_run(task.folder, task.config, [0.5])
    with pytest.raises(StoreError, match="good-0: expected a run with steps = 3, found one with 9"):
        hold(tmp_path, made)


def test_an_arm_may_run_as_long_as_another(tmp_path: Path) -> None:
    """A tuning run of the short arm does 30 batches in 2 s, one of the other takes 4 s: 60 batches are 4 steps."""
    brief = Arm("brief", {"chooser": "train-only", "start": "random", "steps": 1, "as_long_as": "good"})
    held = hold(tmp_path, comparison(brief, GOOD, tune_rates=(0.1, 0.2)))
    steps = {task.folder.name: task.config.steps for task in held.workers.done if task.folder.parent.name == "runs"}
    assert steps == {"brief-0": 4, "good-0": 3, "brief-1": 4, "good-1": 3}
    assert held.record.pairs == [0, 1]
    last = [row for row in held.record.rows(()) if row.checkpoint.kind == "end"]
    assert {(row.arm, row.batches) for row in last} == {("brief", 60), ("good", 50)}
    again = hold(tmp_path, comparison(brief, GOOD, tune_rates=(0.1, 0.2), pairs=3))
    assert again.workers.folders == ["brief-2", "good-2"]


def test_an_arm_of_the_winners_size_may_too(tmp_path: Path) -> None:
    big = Arm("big", {**BIG.keys, "as_long_as": "good", "steps": 1})
    held = hold(tmp_path, comparison(big, GOOD, BAD, tune_rates=(0.1,)))
    assert {task.config.steps for task in held.workers.done if task.folder.name in {"big-0", "big-1"}} == {4}


@pytest.mark.parametrize(
    ("arms", "options", "complaint"),
    [
        ([Arm("x", {"as_long_as": "goed"}), GOOD], {"tune_rates": (0.1,)}, "did you mean good"),
        ([Arm("x", {"as_long_as": "x"}), GOOD], {"tune_rates": (0.1,)}, "unknown arm in arms.x.as_long_as 'x'"),
        ([Arm("x", {"as_long_as": "good"}), GOOD], {}, "expected tune_rates, whose runs say how long a batch takes"),
        ([Arm("x", {"as_long_as": "big"}), GOOD, BIG], {"tune_rates": (0.1,)}, "steps and size of its own, got big"),
        (
            [Arm("x", {"as_long_as": "good", "search": "nsga2"}), GOOD],
            {"tune_rates": (0.1,)},
            "expected a search that counts steps",
        ),
    ],
)
def test_a_length_that_nobody_can_know_is_refused(arms: list[Arm], options: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValpnasError) as error:
        comparison(*arms, **options)
    assert complaint in str(error.value)

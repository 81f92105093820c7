"""A sitting: brings a comparison to its end from wherever its runs and its record are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import fmean, median
from typing import Any

from valpnas.errors import TrainingFailedError
from valpnas.experiments.arms import Arm
from valpnas.experiments.comparison import Comparison
from valpnas.experiments.lengths import steps_as_long_as
from valpnas.experiments.plan import Chosen, Task, pair_tasks, tuning_tasks
from valpnas.experiments.record import Record
from valpnas.experiments.runner import Runner
from valpnas.experiments.tuning import choose
from valpnas.store.problems import read_problem
from valpnas.typed_tables import read_toml


@dataclass
class Sitting:
    """A comparison at work, with its record and the folder of its runs."""

    comparison: Comparison
    record: Record
    out: Path
    runner: Runner
    say: Callable[[str], None]

    def conduct(self) -> None:
        """Tune, run, and record each pair as soon as every arm has run it."""
        for arms in self._rounds():
            self._tune(arms)
            self._run(arms)

    def _rounds(self) -> Iterator[Sequence[Arm]]:
        """Yield the arms to be run together: those of the winner's size once there is a winner."""
        arms = self.comparison.arms
        if self.record.winner or not any(arm.like_winner for arm in arms):
            yield arms
            return
        of_own_size = [arm for arm in arms if not arm.like_winner]
        yield of_own_size
        self._find_winner(of_own_size)
        yield [arm for arm in arms if arm.like_winner]

    def _tune(self, arms: Sequence[Arm]) -> None:
        untuned = [arm for arm in arms if arm.name not in self.record.choices]
        if tasks := tuning_tasks(self.comparison, untuned, self._size(), self.out):
            for _ in self.runner.perform(tasks, "tuning"):
                pass
            results = [(task, self.runner.result(task)) for task in tasks]
            choices = choose((task.arm, task.tried, result.validation) for task, result in results)
            for name, choice in choices.items():
                of_arm = [result for task, result in results if task.arm == name]
                choice |= {what: median(getattr(r, what) for r in of_arm) for what in ("seconds", "batches")}
            self.record.choices |= choices
            self._save()

    def _run(self, arms: Sequence[Arm]) -> None:
        for task in self.runner.perform(self._tasks(arms, self._missing()), "runs"):
            pair = self._tasks(self.comparison.arms, [task.number])
            if task.number not in self.record.pairs and all(self.runner.has_done(each) for each in pair):
                self._add(pair)

    def _find_winner(self, arms: Sequence[Arm]) -> None:
        """Note the arm with the highest mean validation hypervolume, and how large the models of its fronts are."""
        results = [self.runner.result(task) for task in self._tasks(arms, self._missing())]
        scores = {arm.name: fmean(r.validation for r in results if r.arm == arm.name) for arm in arms}
        winner = max(scores, key=lambda name: scores[name])
        sizes = [r.parameters for r in results if r.arm == winner and r.parameters is not None]
        if not sizes:
            raise TrainingFailedError(
                "no arm has a trained model whose size others could copy; lower the learning rate"
            )
        self.record.winner = {"arm": winner, "parameters": round(median(sizes))}
        self.say(f"{winner} leads: arms of the winner's size get {self.record.winner['parameters']:,} parameters")
        self._save()

    def _missing(self) -> list[int]:
        return [pair for pair in range(self.comparison.options.pairs) if pair not in self.record.pairs]

    def _tasks(self, arms: Sequence[Arm], pairs: Sequence[int]) -> list[Task]:
        return pair_tasks(self.comparison, arms, pairs, self._chosen(), self.out)

    def _chosen(self) -> Chosen:
        tuned = {name: choice["chosen"] for name, choice in self.record.choices.items()}
        return {
            arm.name: {**(self._size() if arm.like_winner else {}), **self._length(arm), **tuned.get(arm.name, {})}
            for arm in self.comparison.arms
        }

    def _length(self, arm: Arm) -> dict[str, Any]:
        """Return the steps of an arm that is to take as long as another, once both are tuned."""
        choices = self.record.choices
        if not arm.as_long_as or arm.name not in choices:
            return {}
        config = self.comparison.config(arm, 0, {})
        return {"steps": steps_as_long_as(config, choices[arm.name], choices[arm.as_long_as])}

    def _size(self) -> dict[str, Any]:
        return {"start_parameters": self.record.winner["parameters"]} if self.record.winner else {}

    def _add(self, pair: Sequence[Task]) -> None:
        for task in pair:
            self.record.take_problem(read_problem(task.folder), task.folder)
        lost = {task.arm: self.runner.why_lost(task) for task in pair if self.runner.why_lost(task)}
        made_with = read_toml(pair[0].folder / "run.toml")["about"]
        sitting = {"date": f"{datetime.now().astimezone():%Y-%m-%d}", **made_with}
        points = [point for task in pair for point in self.runner.points(task)]
        self.record.add_pair(pair[0].number, points, lost, sitting)
        self._save()

    def _save(self) -> None:
        self.record.save(self.comparison.options.checkpoints)

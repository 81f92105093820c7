"""The runner: has the runs of a comparison done by worker processes, and reads what came of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tqdm import tqdm

from valpnas.errors import StoreError
from valpnas.experiments.checkpoints import Bounds, Checkpoint, Row, row
from valpnas.experiments.plan import Task, state_of
from valpnas.experiments.points import Point, read_run
from valpnas.experiments.workers import Outcome, Workers
from valpnas.store.problems import read_problem

_END = Checkpoint("step", float("inf"))
_RESULTS = ("ended", "no-model")


@dataclass
class Runner:
    """Does tasks once: a run that has ended, in this sitting or an earlier one, is not repeated."""

    workers: Workers
    quiet: bool
    _outcomes: dict[Path, Outcome] = field(default_factory=dict)

    def perform(self, tasks: Sequence[Task], what: str) -> Iterator[Task]:
        """Yield each task once its run has ended, first those that had ended before.

        Raises:
            StoreError: a run could not be brought to its end.
        """
        for task in tasks:
            if state_of(task.folder, task.config) == "ended":
                self._outcomes[task.folder] = Outcome(task, "ended")
        there = [task for task in tasks if self.has_done(task)]
        todo = [task for task in tasks if not self.has_done(task)]
        with tqdm(total=len(tasks), initial=len(there), desc=what, unit="run", disable=self.quiet or not todo) as bar:
            yield from there
            for outcome in self.workers.run(todo):
                self._outcomes[outcome.task.folder] = _checked(outcome)
                bar.update()
                yield outcome.task

    def has_done(self, task: Task) -> bool:
        """Say whether the run of ``task`` has come to its end."""
        return task.folder in self._outcomes

    def why_lost(self, task: Task) -> str:
        """Return why the run never had a trained model; empty when it had."""
        return self._outcomes[task.folder].reason

    def points(self, task: Task) -> list[Point]:
        """Return a run's points; none when it never had a trained model."""
        return [] if self.why_lost(task) else read_run(task.folder, task.arm, task.number)

    def result(self, task: Task) -> Row:
        """Return what the run had come to at its end."""
        data = read_problem(task.folder)
        bounds = Bounds(data["reference"], data["ideal"])
        return row((task.arm, task.number), self.points(task), _END, bounds)


def _checked(outcome: Outcome) -> Outcome:
    if outcome.state not in _RESULTS:
        raise StoreError(
            f"{outcome.task.folder}: expected the run to end, but it did not: {outcome.reason}; mend that and "
            "give the same command with the same --out: what was done stays done"
        )
    return outcome

"""Fabricated points, run directories and workers: comparisons in milliseconds, with results known beforehand."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from valpnas.config import RunConfig
from valpnas.experiments.arms import Arm
from valpnas.experiments.checkpoints import Bounds
from valpnas.experiments.comparison import Comparison, Options
from valpnas.experiments.plan import Task
from valpnas.experiments.points import Point
from valpnas.experiments.record import Record
from valpnas.experiments.settings import settings_of
from valpnas.experiments.workers import Outcome
from valpnas.store.test_objectives import HeldOutFile

REFERENCE = {"a": 1.0, "b": 1.0}
IDEAL = {"a": 0.01, "b": 0.01}
BOUNDS = Bounds(REFERENCE, IDEAL)
ABOUT = {"valpnas": "0", "torch": "0", "device": "cpu (one thread)"}

Skill = Callable[[RunConfig], float]  # the objectives a fabricated run ends with


def point(
    run: tuple[str, int] = ("x", 0),
    step: int = 1,
    a: float = 0.5,
    b: float = 0.5,
    test: tuple[float, float] | None = None,
    **more: Any,
) -> Point:
    """Return a point whose test objectives equal those on validation unless ``test`` gives others."""
    counts = {"candidate": step, "batches": 10 * step + 20, "seconds": 1.0 + step, "parameters": 1000, **more}
    on_test = {"a": a, "b": b} if test is None else dict(zip("ab", test, strict=False))
    return Point(*run, step=step, validation={"a": a, "b": b}, test=on_test, **counts)


def untested(made: Point) -> Point:
    """Return the point as a run leaves it that knows no test objectives of it."""
    return Point(**{**vars(made), "test": {}})


def comparison(*arms: str | Arm, shared: Mapping[str, Any] | None = None, **options: Any) -> Comparison:
    """Return a comparison on digits of small runs; names make arms that only train."""
    made = tuple(arm if isinstance(arm, Arm) else Arm(arm, {"chooser": "train-only"}) for arm in arms)
    keys = {"problem": "digits", "steps": 3, "initial_batches": 20, "batches_per_step": 10, **(shared or {})}
    return Comparison(keys, made, Options(**{"pairs": 2, **options}))


def record(path: Path, compared: Comparison, points: Iterable[Point]) -> Record:
    """Return a record of the pairs that ``points`` come from."""
    made = Record(path, settings_of(compared, "cpu"))
    made.problem = {"reference": REFERENCE, "ideal": IDEAL, "fingerprint": "f"}
    by_pair: dict[int, list[Point]] = {}
    for each in points:
        by_pair.setdefault(each.pair, []).append(each)
    for pair, members in by_pair.items():
        made.add_pair(pair, members, {}, {"date": "2026-01-01", **ABOUT})
    return made


def make_run(folder: Path, config: RunConfig, objectives: Sequence[float], ended: bool = True) -> None:
    """Write a run directory in which candidate ``i`` has ``objectives[i]`` in both outputs, and half of it on test."""
    folder.mkdir(parents=True)
    (folder / "run.toml").write_text(config.to_toml(ABOUT))
    nothing = {"name": "p", "summary": "", "in_memory": False, "inputs": [], "outputs": [], "samplers": {}}
    problem = {"format": "valpnas-run/1", "fingerprint": "f", "reference": REFERENCE, "ideal": IDEAL, "transforms": {}}
    (folder / "problem.json").write_text(json.dumps({**nothing, **problem}))
    events = [event for i, value in enumerate(objectives) for event in events_of(i, config, value)]
    ending = [{"event": "ended", "seconds": {"evaluation": 99.0}}] if ended else []
    (folder / "journal.jsonl").write_text("".join(json.dumps(event) + "\n" for event in [*events, *ending]))
    if ended:
        held_out = HeldOutFile.open(folder)
        for i, value in enumerate(objectives):
            held_out.record(i, {"a": value / 2, "b": value / 2}, {})
        held_out.flush()


def events_of(candidate: int, config: RunConfig, value: float) -> list[dict[str, Any]]:
    """Return the events of a candidate that was trained and accepted, which took a second."""
    batches = config.batches_per_step if candidate else config.initial_batches
    protocol = {"batches": batches, "schedule": {"name": "linear", "final": 0.3}, "span": [0, 1], "time_limit": 0.0}
    origin = "continue" if candidate else "start"
    asked = {"ask": candidate, "candidate": candidate}
    record = {"parents": [], "origin": origin, "graph": "g", "protocol": protocol, "proposal": None}
    figures = {"objectives": {"a": value, "b": value}, "reported": {}, "cost": 1.0, "parameters": 1000 + candidate}
    return [
        {"event": "proposed", **asked, **record, "seconds": {"diagnostics": 0.25}},
        {"event": "trained", **asked, **figures, "batches": batches, "seconds": {"training": 0.5, "evaluation": 0.25}},
        {"event": "accepted", "candidate": candidate, "step": candidate, "seconds": {"other": 0.0}},
    ]


class FakeWorkers:
    """Does tasks by writing run directories; ``skill`` says how good a run is, and 0 that it has no model."""

    def __init__(self, skill: Skill) -> None:
        self.skill = skill
        self.done: list[Task] = []

    def run(self, tasks: Sequence[Task]) -> Iterator[Outcome]:
        """Write every task's run directory."""
        for task in tasks:
            self.done.append(task)
            best = self.skill(task.config)
            steps = range(task.config.steps + 1)
            make_run(task.folder, task.config, [best * 0.9**i for i in steps] if best else [], ended=bool(best))
            yield Outcome(task, "ended") if best else Outcome(task, "no-model", "diverged from every start")

    @property
    def folders(self) -> list[str]:
        """Names of the folders of what was done, in order."""
        return [task.folder.name for task in self.done]

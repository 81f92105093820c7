"""Tasks: what an output of a VALP must predict.

A task fixes how many numbers an output head emits and what they mean; losses and scores live in
``training/objectives.py``. Paper: heterogeneous outputs, [VALP] section III; the exact loss and score
of each task are ours (facts of the reference code were scale-dependent) and documented there.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import prod
from typing import Any, ClassVar

from valpnas.errors import InvalidValpError


@dataclass(frozen=True)
class Classification:
    """One of ``classes`` labels; targets are ``(n,)`` integers, the head emits logits ``(n, classes)``."""

    classes: int
    name: ClassVar[str] = "classification"

    def __post_init__(self) -> None:
        """Raise ``InvalidValpError`` when ``classes`` is no whole number from 1 on."""
        _check_counts(self, "classes", (self.classes,))

    @property
    def width(self) -> int:
        """Numbers the head emits."""
        return self.classes


@dataclass(frozen=True)
class Regression:
    """``size`` real numbers, standardised on the training part; targets and head are ``(n, size)``."""

    size: int
    name: ClassVar[str] = "regression"

    def __post_init__(self) -> None:
        """Raise ``InvalidValpError`` when ``size`` is no whole number from 1 on."""
        _check_counts(self, "size", (self.size,))

    @property
    def width(self) -> int:
        """Numbers the head emits."""
        return self.size


@dataclass(frozen=True)
class Distribution:
    """A histogram of ``bins`` shares that add up to one; targets ``(n, bins)``, the head emits logits."""

    bins: int
    name: ClassVar[str] = "distribution"

    def __post_init__(self) -> None:
        """Raise ``InvalidValpError`` when ``bins`` is no whole number from 1 on."""
        _check_counts(self, "bins", (self.bins,))

    @property
    def width(self) -> int:
        """Numbers the head emits."""
        return self.bins


@dataclass(frozen=True)
class Generation:
    """New samples of ``shape`` with values in [0, 1]; targets ``(n, *shape)``, the head emits logits per value."""

    shape: tuple[int, ...]
    name: ClassVar[str] = "generation"

    def __post_init__(self) -> None:
        """Raise ``InvalidValpError`` when ``shape`` is no tuple of whole numbers from 1 on, such as ``(8, 8)``."""
        shape: object = self.shape  # what an author gave, who may not check types
        if not isinstance(shape, tuple) or not shape:
            got = f"expected a shape such as (8, 8) or (36,), got {shape!r}; write it as a tuple"
            raise InvalidValpError("known-task", f"task generation: {got}")
        _check_counts(self, "shape", shape)

    @property
    def width(self) -> int:
        """Numbers the head emits."""
        return prod(self.shape)


Task = Classification | Regression | Distribution | Generation
TASKS: tuple[type[Task], ...] = (Classification, Regression, Distribution, Generation)


def _check_counts(task: Task, field: str, counts: tuple[object, ...]) -> None:
    if not all(isinstance(count, int) and not isinstance(count, bool) and count > 0 for count in counts):
        got = f"{field}={getattr(task, field)!r}"
        raise InvalidValpError(
            "known-task", f"task {task.name}: expected whole numbers from 1 on, each an int, got {got}; mend it"
        )


def task_to_json(task: Task) -> dict[str, Any]:
    """Return the task as plain JSON data."""
    return {"task": task.name, **asdict(task)}


def task_from_json(data: dict[str, Any]) -> Task:
    """Read a task; raises ``InvalidValpError`` when its name is unknown."""
    fields: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in data.items() if key != "task"
    }
    for kind in TASKS:
        if kind.name == data["task"]:
            return kind(**fields)
    known = ", ".join(kind.name for kind in TASKS)
    raise InvalidValpError("known-task", f"expected a task among {known}, got {data['task']!r}")

"""Tasks told from arrays, and what is said where an array may have meant another task."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from valpnas.contracts.parts import Array
from valpnas.errors import DataError
from valpnas.graph.tasks import Classification, Regression, Task

_FEW_VALUES = 20  # so few whole numbers among floats may be labels that a table reader made floats
_ROWS_PER_CLASS = 10  # with fewer rows in the mean, integers may be counts or years
_SUM_TOLERANCE = 1e-3  # shares that were rounded are told too, and how to mend them


def guess_task(name: str, target: Array) -> Task:
    """Return the task that the array looks like: integers or truth values are classes, floats are regressions.

    Raises:
        DataError: an array that is neither ``(n,)`` classes nor ``(n,)`` or ``(n, k)`` numbers, or absurd classes.
    """
    if target.ndim == 1 and (np.issubdtype(target.dtype, np.integer) or target.dtype == np.bool_):
        return Classification(_count_classes(name, target))
    if target.ndim in (1, 2) and 0 not in target.shape[1:] and np.issubdtype(target.dtype, np.floating):
        return Regression(1 if target.ndim == 1 else target.shape[1])
    labels = target.ndim == 2 and target.shape[1] == 1 and np.issubdtype(target.dtype, np.integer)
    remedy = "give it as [:, 0] if they are classes, " if labels else "convert it "
    raise DataError(
        f"target {name!r}: expected integers (n,) for classes or floats (n, k) for numbers, got {target.dtype} "
        f"{target.shape}; {remedy}or name its task in tasks={{{name!r}: ...}}"
    )


def doubts(targets: Mapping[str, Array], guessed: Mapping[str, Task]) -> tuple[str, ...]:
    """Return a sentence for each guessed task that its array makes doubtful; every figure is read with them.

    The targets have passed ``check_part``: finite, not empty, labels from 0 on. A guess is never changed for a doubt:
    what is a class must not hang on which rows a table happens to have.
    """
    said = (_doubt(targets[name], task) for name, task in guessed.items())
    return tuple(f"Target {name!r} {doubt}." for name, doubt in zip(guessed, said, strict=True) if doubt)


def _doubt(target: Array, task: Task) -> str:
    return _doubt_classes(target, task) if isinstance(task, Classification) else _doubt_numbers(target)


def _doubt_classes(labels: Array, task: Classification) -> str:
    found = len(np.unique(labels))
    if found * _ROWS_PER_CLASS > len(labels):
        return (
            f"is taken as {task.classes} classes, for it holds integers, but has {found} among {len(labels)} rows; "
            "give floats if they are numbers to predict"
        )
    missing = sorted(set(range(task.classes)) - set(labels.tolist()))
    if found == 1 or not missing:  # a constant has no gap: a run refuses it in its own words
        return ""
    named = ", ".join(map(str, missing[:5])) + (" ..." if len(missing) > 5 else "")
    return (
        f"is taken as {task.classes} classes, 0 to {task.classes - 1}, but no row is of class {named}; "
        "number classes from 0 without gaps, or give floats if they are numbers to predict"
    )


def _doubt_numbers(numbers: Array) -> str:
    one_column = numbers.ndim == 1 or numbers.shape[1] == 1
    return _doubt_column(numbers) if one_column else _doubt_rows(numbers)


def _doubt_column(numbers: Array) -> str:
    values = np.unique(numbers)
    few = 1 < len(values) <= _FEW_VALUES and len(values) * _ROWS_PER_CLASS <= len(numbers)
    if not few or not np.array_equal(values, np.round(values)):
        return ""
    return (
        f"is taken as numbers to predict, for it holds floats, but has {len(values)} whole values only; "
        "give integers if they are classes"
    )


def _doubt_rows(numbers: Array) -> str:
    width, sums = numbers.shape[1], numbers.sum(axis=1)
    if set(np.unique(numbers).tolist()) == {0.0, 1.0} and np.all(sums == 1):
        return (
            f"is taken as {width} numbers to predict, but has a single 1 in each row; "
            "give its argmax(axis=1) if they are classes"
        )
    if float(numbers.min()) >= 0 and np.allclose(sums, 1, atol=_SUM_TOLERANCE):
        return (
            f"is taken as {width} numbers to predict, but each row is a share of 1; "
            f"name it a Distribution({width}) in tasks= if it is one, with rows that add up to 1 exactly"
        )
    return ""


def _count_classes(name: str, labels: Array) -> int:
    classes = int(labels.max(initial=1)) + 1
    if classes > max(len(labels), 2):  # years, or numbers of people: an output unit for each would be absurd
        raise DataError(
            f"target {name!r}: expected class labels from 0 on, got {classes - 1} among {len(labels)} rows; "
            "number the classes from 0, or give floats for a regression"
        )
    return classes

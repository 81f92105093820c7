"""check_part: whether arrays are what a problem declares; every complaint says what to do about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from valpnas.contracts.parts import Array, Part
from valpnas.errors import DataError
from valpnas.graph.tasks import Classification, Distribution, Generation, Task
from valpnas.graph.valp import IDENTIFIER, Input, Output

# A table is standardised; an image must lie in [0, 1]; a series (channels, length) is taken as the problem scaled it.
KINDS = ("table", "image", "series")
_SUM_TOLERANCE = 1e-4  # float32 shares of a few hundred bins miss 1 by less


def check_part(inputs: Sequence[Input], outputs: Sequence[Output], part: Part) -> None:
    """Raise ``DataError`` unless the arrays are finite, of equal length, and fit the declared inputs and tasks."""
    if not inputs or not outputs:
        got = f"{len(inputs)} and {len(outputs)}"
        raise DataError(f"expected at least one input and one target, got {got}; give both as name: array")
    _check_names([*(vertex.name for vertex in inputs), *(output.name for output in outputs)])
    first = _array("input", part.inputs, inputs[0].name)
    rows = len(first) if first.ndim else 0
    for vertex in inputs:
        _check_input(vertex, _array("input", part.inputs, vertex.name), rows)
    for output in outputs:
        _check_target(output, _array("target", part.targets, output.name), rows)


def _check_names(names: Sequence[object]) -> None:
    for name in names:
        if not isinstance(name, str) or not IDENTIFIER.fullmatch(name):
            raise DataError(f"expected names of letters, digits, '_' and '-', got {name!r}; rename it")
        if names.count(name) > 1:
            raise DataError(f"expected every input and target to have its own name, got {name!r} twice; rename one")


def _array(what: str, arrays: Mapping[str, Array], name: str) -> Array:
    if name not in arrays:
        got = ", ".join(arrays) or "none"
        raise DataError(f"{what} {name!r}: expected an array of that name, got {got}; load it or do not declare it")
    return arrays[name]


def _check_input(vertex: Input, value: Array, rows: int) -> None:
    what = f"input {vertex.name!r}"
    if vertex.kind not in KINDS:
        raise DataError(f"{what}: expected a kind among {', '.join(KINDS)}, got {vertex.kind!r}; declare one of them")
    _check_array(what, value, rows, vertex.shape)
    if vertex.kind == "image" and (problem := _outside_unit(value)):
        raise DataError(f"{what}: {problem}, or declare another kind than 'image'")


def _check_target(output: Output, value: Array, rows: int) -> None:
    what = f"target {output.name!r}"
    _check_array(what, value, rows, _target_shape(output.task))
    if (problem := _misfit(value, output.task)) is not None:
        raise DataError(f"{what}: {problem}")


def _check_array(what: str, value: Array, rows: int, shape: tuple[int, ...]) -> None:
    if not (np.issubdtype(value.dtype, np.number) or value.dtype == np.bool_):
        raise DataError(f"{what}: expected numbers, got {value.dtype}; encode words and dates as numbers")
    if value.ndim == 0 or len(value) != rows or rows == 0:
        got = len(value) if value.ndim else "a single number"
        raise DataError(f"{what}: expected {rows or 'some'} rows, got {got}; give every input and target the same rows")
    if 0 in shape:
        raise DataError(f"{what}: expected at least one number in each row, got shape {value.shape}; add a column")
    if value.shape[1:] != shape:
        raise DataError(f"{what}: expected shape {(rows, *shape)}, got {value.shape}; reshape it or declare its shape")
    if count := int((~np.isfinite(value)).sum()):
        raise DataError(f"{what}: expected finite numbers, got {count} NaN or infinite; fill or drop them first")


def _target_shape(task: Task) -> tuple[int, ...]:
    if isinstance(task, Classification):
        return ()
    return task.shape if isinstance(task, Generation) else (task.width,)


def _misfit(target: Array, task: Task) -> str | None:
    if isinstance(task, Classification):
        return _wrong_labels(target, task.classes)
    if isinstance(task, Distribution):
        return _wrong_shares(target)
    return _outside_unit(target) if isinstance(task, Generation) else None


def _wrong_labels(target: Array, classes: int) -> str | None:
    if not np.issubdtype(target.dtype, np.integer):
        return f"expected integer labels, got {target.dtype}; number the classes from 0"
    low, high = target.min(), target.max()
    if low < 0 or high >= classes:
        return f"expected labels 0..{classes - 1}, got {low}..{high}; number the classes from 0 or declare more of them"
    return None


def _wrong_shares(target: Array) -> str | None:
    if target.min() < 0:
        return f"expected shares that are not negative, got {target.min():.4g}; count again"
    sums = target.sum(axis=1, dtype=np.float64)
    worst = sums[np.abs(sums - 1).argmax()]
    if abs(worst - 1) > _SUM_TOLERANCE:
        return f"expected shares that add up to 1 in each row, got a sum of {worst:.4g}; divide each row by its sum"
    return None


def _outside_unit(value: Array) -> str | None:
    low, high = value.min(), value.max()
    return f"expected values in [0, 1], got {low:.4g}..{high:.4g}; rescale them" if low < 0 or high > 1 else None

"""Problem: inputs, targets with their tasks, data in four parts, and how a hypervolume is measured on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from valpnas.errors import DataError
from valpnas.graph.tasks import Classification, Distribution, Generation, Regression, Task
from valpnas.graph.valp import Input, Output

Array = NDArray[np.generic]
PARTS = ("train", "diagnostic", "validation", "test")


@dataclass(frozen=True, eq=False)
class Part:
    """Rows of a problem: inputs ``(n, *shape)`` and targets (see each task) by name."""

    inputs: Mapping[str, Array]
    targets: Mapping[str, Array]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(next(iter(self.inputs.values())))

    def take(self, rows: NDArray[np.int64]) -> Part:
        """Return the chosen rows."""
        return Part({k: v[rows] for k, v in self.inputs.items()}, {k: v[rows] for k, v in self.targets.items()})


@dataclass(frozen=True, eq=False)
class Parts:
    """The four parts of a problem's data; no row is in two.

    ``train`` trains; ``diagnostic`` is what diagnostics look at; ``validation`` decides; ``test`` is only reported.
    """

    train: Part
    diagnostic: Part
    validation: Part
    test: Part

    @staticmethod
    def split(rows: Part, seed: int, shares: tuple[float, float, float, float] = (0.6, 0.1, 0.15, 0.15)) -> Parts:
        """Split ``rows`` at random. The seed belongs to the problem, not to a run: every run sees the same parts."""
        if len(rows) < 20:
            raise DataError(f"expected at least 20 rows to split into {', '.join(PARTS)}, got {len(rows)}; give more data")
        order = np.random.default_rng(seed).permutation(len(rows))
        bounds = [round(len(rows) * share) for share in np.cumsum(shares)[:-1]]
        return Parts(*(rows.take(np.sort(part)) for part in np.split(order, bounds)))


@dataclass(frozen=True)
class Reader:
    """What a problem's loader may use: the folder the user named for data files, if any."""

    folder: Path | None = None


@dataclass(frozen=True)
class SampleScorer:
    """The yardstick a generation output declares; ``training`` fits it once, on training data only.

    ``pca-frechet``: Frechet distance between Gaussians fitted to prior samples and to held-out targets, in the
    first ``components`` principal components of the training targets.
    """

    name: Literal["pca-frechet"] = "pca-frechet"
    components: int = 20
    samples: int = 1000


@dataclass(frozen=True, eq=False)
class Problem:
    """A multi-task problem.

    ``load`` returns the parts with raw values: inputs of kind "table" and regression targets are standardised by
    the kernel, images are expected in [0, 1]. ``reference`` (a constant predictor's validation objectives) and
    ``ideal`` bound the hypervolume, per output, both positive; they are fixed before any experiment.
    ``samplers`` gives each generation output its yardstick.
    """

    name: str
    summary: str
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    load: Callable[[Reader], Parts]
    reference: Mapping[str, float] = field(default_factory=dict)
    ideal: Mapping[str, float] = field(default_factory=dict)
    samplers: Mapping[str, SampleScorer] = field(default_factory=dict)
    in_memory: bool = False  # its arrays have no other home, so a run stores them

    @staticmethod
    def from_arrays(
        inputs: Mapping[str, Array],
        targets: Mapping[str, Array],
        tasks: Mapping[str, Task] | None = None,
        name: str = "arrays",
        split_seed: int = 0,
    ) -> Problem:
        """Make a problem of arrays in memory, usable wherever a problem's name is.

        Args:
            inputs: per input ``(n, *shape)`` numbers.
            targets: per output; without an entry in ``tasks``, integers ``(n,)`` are classes and floats
                ``(n,)`` or ``(n, k)`` are regressions.
            tasks: tasks of outputs that cannot be told from their arrays (distribution, generation).
            name: what the run calls it.
            split_seed: seed of the split into train, diagnostic, validation and test.

        Raises:
            DataError: unequal lengths, values that are not finite, targets that do not fit their task.
        """
        rows = Part(
            {key: np.asarray(value, dtype=np.float32) for key, value in inputs.items()},
            {key: np.asarray(value) for key, value in targets.items()},
        )
        chosen = {key: (tasks or {}).get(key) or _guess_task(key, value) for key, value in rows.targets.items()}
        rows = Part(rows.inputs, {key: _as_target(value, chosen[key]) for key, value in rows.targets.items()})
        shapes = tuple(Input(key, value.shape[1:], _guess_kind(value)) for key, value in rows.inputs.items())
        outputs = tuple(Output(key, task) for key, task in chosen.items())
        check_part(shapes, outputs, rows)
        parts = Parts.split(rows, split_seed)
        return Problem.from_parts(name, "arrays given in memory", shapes, outputs, parts)

    @staticmethod
    def from_parts(
        name: str, summary: str, inputs: Sequence[Input], outputs: Sequence[Output], parts: Parts
    ) -> Problem:
        """Make an in-memory problem of parts that are already split; reference and ideal are found when it is run."""
        samplers = {o.name: SampleScorer() for o in outputs if isinstance(o.task, Generation)}
        return Problem(name, summary, tuple(inputs), tuple(outputs), lambda _: parts, samplers=samplers, in_memory=True)


def _guess_kind(value: Array) -> str:
    return "table" if value.ndim == 2 else "image"


def _guess_task(name: str, target: Array) -> Task:
    if target.ndim == 1 and np.issubdtype(target.dtype, np.integer):
        return Classification(max(int(target.max()) + 1, 2))
    if target.ndim <= 2 and np.issubdtype(target.dtype, np.floating):
        return Regression(1 if target.ndim == 1 else target.shape[1])
    raise DataError(
        f"target {name!r}: expected integers (n,) for classes or floats (n, k) for numbers, got {target.dtype} "
        f"{target.shape}; name its task in tasks={{{name!r}: ...}}"
    )


def _as_target(value: Array, task: Task) -> Array:
    if isinstance(task, Classification):
        return value.astype(np.int64) if np.issubdtype(value.dtype, np.integer) else value
    return value.astype(np.float32).reshape(len(value), *([task.size] if isinstance(task, Regression) else value.shape[1:]))


def check_part(inputs: Sequence[Input], outputs: Sequence[Output], part: Part) -> None:
    """Raise ``DataError`` unless the arrays are finite, of equal length, and fit the declared inputs and tasks."""
    if not inputs or not outputs:
        raise DataError(f"expected at least one input and one target, got {len(inputs)} and {len(outputs)}")
    for vertex in inputs:
        _check_array(f"input {vertex.name!r}", part.inputs[vertex.name], len(part), vertex.shape)
    for output in outputs:
        target, task = part.targets[output.name], output.task
        _check_array(f"target {output.name!r}", target, len(part), _target_shape(task))
        if (problem := _misfit(target, task)) is not None:
            raise DataError(f"target {output.name!r}: {problem}")


def _check_array(what: str, value: Array, rows: int, shape: tuple[int, ...]) -> None:
    if value.shape != (rows, *shape):
        raise DataError(f"{what}: expected shape {(rows, *shape)}, got {value.shape}")
    if not np.isfinite(value.astype(np.float64)).all():
        count = int((~np.isfinite(value.astype(np.float64))).sum())
        raise DataError(f"{what}: expected finite numbers, got {count} NaN or infinite; fill or drop them first")


def _target_shape(task: Task) -> tuple[int, ...]:
    if isinstance(task, Classification):
        return ()
    return task.shape if isinstance(task, Generation) else (task.width,)


def _misfit(target: Array, task: Task) -> str | None:
    if isinstance(task, Classification):
        if not np.issubdtype(target.dtype, np.integer):
            return f"expected integer labels, got {target.dtype}"
        if target.min() < 0 or target.max() >= task.classes:
            return f"expected labels 0..{task.classes - 1}, got {target.min()}..{target.max()}"
    if isinstance(task, Distribution) and (target.min() < 0 or not np.allclose(target.sum(axis=1), 1, atol=1e-4)):
        return "expected shares that are not negative and add up to 1 in each row"
    if isinstance(task, Generation) and (target.min() < 0 or target.max() > 1):
        return f"expected values in [0, 1], got {target.min()}..{target.max()}; rescale them"
    return None

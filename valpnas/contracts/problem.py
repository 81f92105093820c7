"""Problem: inputs, targets with their tasks, data in four parts, and how a hypervolume is measured on it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike

from valpnas.contracts.augmentation import Augmentation
from valpnas.contracts.data_files import DataFile, Reader
from valpnas.contracts.part_checks import check_part
from valpnas.contracts.parts import PARTS, Array, Part, Parts
from valpnas.contracts.sample_scorer import SampleScorer
from valpnas.contracts.task_guesses import doubts, guess_task
from valpnas.errors import DataError, first_line
from valpnas.graph.tasks import TASKS, Classification, Generation, Regression, Task
from valpnas.graph.valp import Input, Output

# A problem file needs nothing but this module.
__all__ = ["PARTS", "Array", "DataFile", "Part", "Parts", "Problem", "Reader", "SampleScorer", "check_part"]


_JOINED = (
    "Validation rows were trained on; figures called those of validation are of the diagnostic rows, and chose nothing."
)


@dataclass(frozen=True, eq=False)
class Problem:
    """A multi-task problem.

    ``load`` returns the parts with raw values: inputs of kind "table" and regression targets are standardised by
    the kernel, images are expected in [0, 1], series are taken as they are. ``reference`` (a constant predictor's
    validation objectives) and ``ideal`` bound the hypervolume, per output, both positive; they are fixed before any
    experiment.
    ``samplers`` gives each generation output its yardstick. ``files`` are all that ``load`` reads, so that they can be
    listed and fetched beforehand. ``notes`` are what every figure must be read with - lossy data, values filled in -
    each a sentence: they are printed when a run begins, kept with it and shown in its reports. ``augmentation`` is what
    may happen to the images without changing what they show; nothing is altered unless a run asks for it.
    """

    name: str
    summary: str
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    load: Callable[[Reader], Parts]
    reference: Mapping[str, float] = field(default_factory=dict)
    ideal: Mapping[str, float] = field(default_factory=dict)
    samplers: Mapping[str, SampleScorer] = field(default_factory=dict)
    files: tuple[DataFile, ...] = ()
    in_memory: bool = False  # its arrays have no other home, so a run stores them
    notes: tuple[str, ...] = ()
    augmentation: Augmentation = field(default_factory=Augmentation)

    def joined(self) -> Problem:
        """Return the problem with its validation rows among the training rows (``Parts.joined``), and a note of it."""
        return replace(self, load=lambda reader: self.load(reader).joined(), notes=(*self.notes, _JOINED))

    @staticmethod
    def from_arrays(
        inputs: Mapping[str, ArrayLike],
        targets: Mapping[str, ArrayLike],
        tasks: Mapping[str, Task] | None = None,
        name: str = "arrays",
        split_seed: int = 0,
    ) -> Problem:
        """Make a problem of arrays in memory, usable wherever a problem's name is.

        Args:
            inputs: per input ``(n, *shape)`` numbers; ``(n,)`` is a table of one column, ``(n, d)`` a table, which
                is standardised, and anything deeper an image with values in [0, 1].
            targets: per output; without an entry in ``tasks``, integers or truth values ``(n,)`` are classes and
                floats ``(n,)`` or ``(n, k)`` are regressions. Where the array may have meant another task, a
                warning says so, and the problem's ``notes``.
            tasks: tasks of outputs that cannot be told from their arrays (distribution, generation).
            name: what the run calls it.
            split_seed: seed of the split into train, diagnostic, validation and test.

        Raises:
            DataError: unequal lengths, values that are not finite, targets that do not fit their task, too few rows.
        """
        arrays, given = _arrays("input", inputs), _arrays("target", targets)
        _check_tasks(tasks or {})
        if unknown := sorted(set(tasks or {}) - set(given)):
            raise DataError(f"expected tasks of targets {', '.join(given)}, got one of {unknown[0]!r}; name a target")
        guessed = {key: guess_task(key, value) for key, value in given.items() if key not in (tasks or {})}
        chosen = {key: guessed.get(key) or (tasks or {})[key] for key in given}
        rows = Part(
            {key: _as_input(key, value) for key, value in arrays.items()},
            {key: _as_target(key, value, chosen[key]) for key, value in given.items()},
        )
        vertices = [Input(key, value.shape[1:], _guess_kind(value)) for key, value in rows.inputs.items()]
        outputs = [Output(key, task) for key, task in chosen.items()]
        check_part(vertices, outputs, rows)
        problem = Problem.from_parts(name, "arrays given in memory", vertices, outputs, Parts.split(rows, split_seed))
        said = doubts(given, guessed)
        for doubt in said:
            warnings.warn(doubt, stacklevel=2)
        return replace(problem, notes=said)

    @staticmethod
    def from_parts(
        name: str, summary: str, inputs: Sequence[Input], outputs: Sequence[Output], parts: Parts
    ) -> Problem:
        """Make an in-memory problem of parts that are already split; reference and ideal are found when it is run."""
        samplers = {o.name: SampleScorer() for o in outputs if isinstance(o.task, Generation)}
        return Problem(name, summary, tuple(inputs), tuple(outputs), lambda _: parts, samplers=samplers, in_memory=True)


def _arrays(what: str, given: object) -> dict[str, Array]:
    """Return what was given as arrays by name; raises ``DataError`` when it is no mapping, or has unequal rows."""
    if not isinstance(given, Mapping):
        raise DataError(f"{what}s: expected name: array, got {type(given).__name__}; give {{{what!r}: ...}}, say")
    arrays = {}
    for name, value in given.items():
        try:
            arrays[name] = np.asarray(value)
        except ValueError as error:  # rows of unequal length
            raise DataError(
                f"{what} {name!r}: expected rows of equal length, got {first_line(error)}; fill up or cut the rows"
            ) from error
    return arrays


def _check_tasks(tasks: Mapping[str, Task]) -> None:
    kinds = ", ".join(kind.__name__ for kind in TASKS)
    if not isinstance(tasks, Mapping):
        raise DataError(f"tasks: expected name: task, got {type(tasks).__name__}; tasks are {kinds}")
    for name, task in tasks.items():
        if not isinstance(task, TASKS):
            raise DataError(f"tasks: expected one of {kinds} for {name!r}, got {task!r}; give an object, no word")


def _guess_kind(value: Array) -> str:
    return "table" if value.ndim <= 2 else "image"


def _as_input(name: str, value: ArrayLike) -> Array:
    array = _as_float(f"input {name!r}", np.asarray(value))
    return array.reshape(-1, 1) if array.ndim == 1 else array


def _as_target(name: str, value: Array, task: Task) -> Array:
    if isinstance(task, Classification):
        whole = np.issubdtype(value.dtype, np.integer) or value.dtype == np.bool_
        return value.astype(np.int64) if whole else value
    array = _as_float(f"target {name!r}", value)
    return array.reshape(-1, 1) if array.ndim == 1 and isinstance(task, Regression) else array


def _as_float(what: str, value: Array) -> Array:
    try:
        with np.errstate(over="ignore"):  # what is too large becomes infinite, which check_part reports
            return value.astype(np.float32)
    except (TypeError, ValueError) as error:
        raise DataError(f"{what}: expected numbers, got {value.dtype}; encode words and dates as numbers") from error

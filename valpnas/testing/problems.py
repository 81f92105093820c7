"""check_problem: does a problem hold the data it announces, in parts that share no rows, with bounds that make sense?

Source of the promises: ``contracts/problem.py``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import blake2b
from itertools import combinations
from math import isfinite

import numpy as np

from valpnas.contracts.problem import PARTS, Array, Part, Parts, Problem, Reader, check_part
from valpnas.errors import DataError
from valpnas.graph.tasks import Classification, Generation
from valpnas.testing.conformance_error import ConformanceError, require

REPEATABLE = "loading twice gives the same data"
DATA = "the data are finite and fit the declared inputs and tasks"
DISJOINT = "no row is in two parts"
BOUNDS = "0 < ideal < reference for every output"
SAMPLERS = "every generation output has a yardstick, and no other"
TARGETS = "a yardstick that is fitted to classes names a classification of the problem"
FILES = "every file has a place of its own, an address or none, and a SHA-256 or none where none is published"


def check_problem(problem: Problem, reader: Reader, duplicates: float = 0.1) -> Parts:
    """Load ``problem`` and return its parts.

    Args:
        problem: the problem to check.
        reader: what its loader may use.
        duplicates: share of the smaller of two parts that may be found in the other. Real data repeat rows; two parts
            that overlap by a wrong split repeat nearly all of them.

    Raises:
        ConformanceError: the first broken promise.
    """
    _check_samplers(problem)
    _check_files(problem)
    parts = problem.load(reader)
    again = problem.load(reader)
    rows = {}
    for name in PARTS:
        part: Part = getattr(parts, name)
        _check_part(problem, name, part)
        require(_equal(part, getattr(again, name)), REPEATABLE, f"{problem.name}: the same {name} part", "another")
        rows[name] = _hashes(part)
    for one, other in combinations(PARTS, 2):
        shared = len(rows[one] & rows[other]) / min(len(rows[one]), len(rows[other]))
        told = f"{problem.name}: at most {duplicates:.0%} equal rows in {one} and {other}"
        require(shared <= duplicates, DISJOINT, told, f"{shared:.0%}")
    _check_bounds(problem)
    return parts


def _check_samplers(problem: Problem) -> None:
    generated = {output.name for output in problem.outputs if isinstance(output.task, Generation)}
    told = f"{problem.name}: {sorted(generated)}"
    require(generated == set(problem.samplers), SAMPLERS, told, list(problem.samplers))
    classes = {output.name for output in problem.outputs if isinstance(output.task, Classification)}
    for output, scorer in problem.samplers.items():
        kept = not scorer.target or scorer.target in classes
        require(kept, TARGETS, f"{problem.name}: a target of {output} among {sorted(classes)}", scorer.target)


def _check_files(problem: Problem) -> None:
    for file in problem.files:
        kept = re.fullmatch("([0-9a-f]{64})?", file.sha256) and (not file.url or "://" in file.url)
        told = f"{problem.name}: an address and 64 hexadecimal digits for {file.name}, or nothing in their place"
        require(bool(kept), FILES, told, file)
    places = [f"{file.folder}/{file.name}" for file in problem.files]
    require(len(set(places)) == len(places), FILES, f"{problem.name}: each file once", places)


def _check_part(problem: Problem, name: str, part: Part) -> None:
    what = f"{problem.name}: the {name} part"
    inputs, outputs = {i.name for i in problem.inputs}, {o.name for o in problem.outputs}
    require(set(part.inputs) == inputs, DATA, f"{what} to have inputs {sorted(inputs)}", sorted(part.inputs))
    require(set(part.targets) == outputs, DATA, f"{what} to have targets {sorted(outputs)}", sorted(part.targets))
    require(len(part) > 0, DATA, f"{what} to have rows", 0)
    try:
        check_part(problem.inputs, problem.outputs, part)
    except DataError as error:
        raise ConformanceError(DATA, f"{what} to fit", str(error)) from error


def _equal(one: Part, other: Part) -> bool:
    pairs = ((one.inputs, other.inputs), (one.targets, other.targets))
    return all(a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a) for a, b in pairs)


def _hashes(part: Part) -> set[bytes]:
    """Return a digest of each row's inputs and targets."""
    tables = [*sorted(part.inputs.items()), *sorted(part.targets.items())]
    columns = [np.ascontiguousarray(value).reshape(len(part), -1) for _, value in tables]
    return {_digest([column[row] for column in columns]) for row in range(len(part))}


def _digest(cells: Sequence[Array]) -> bytes:
    digest = blake2b(digest_size=16)
    for cell in cells:
        digest.update(cell.tobytes())
    return digest.digest()


def _check_bounds(problem: Problem) -> None:
    """An in-memory problem finds its bounds when it is run; any other has fixed them for every output."""
    if problem.in_memory and not problem.reference and not problem.ideal:
        return
    outputs = {output.name for output in problem.outputs}
    for what, bounds in (("reference", problem.reference), ("ideal", problem.ideal)):
        require(set(bounds) == outputs, BOUNDS, f"{problem.name}: a {what} for {sorted(outputs)}", sorted(bounds))
    for name in sorted(outputs):
        ideal, reference = problem.ideal[name], problem.reference[name]
        kept = 0 < ideal < reference and isfinite(reference)
        require(kept, BOUNDS, f"{problem.name}: 0 < ideal < reference for {name}", f"{ideal} and {reference}")

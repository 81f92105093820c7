"""Data that are no data: problems of arrays, named by module on the command line, and refused before a run is made."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from .cases import Case, refuse, table, text

_NUMBERS = itertools.count()  # a module is imported once: each case needs a name of its own

_HEAD = """
import numpy as np
from valpnas import Problem
from valpnas.contracts.parts import Part, Parts
from valpnas.graph.tasks import Classification, Distribution, Generation, Regression
from valpnas.graph.valp import Input, Output

rng = np.random.default_rng(0)
n = 40
x = rng.standard_normal((n, 3))
y = x.sum(axis=1)
c = (y > 0).astype(int)
X = {"x": x}
shares = np.full((n, 4), 0.25)
images = rng.random((n, 1, 4, 4))

def parts(problem_x, problem_y=y[:, None], shape=(3,)):
    part = Part({"x": problem_x}, {"y": problem_y})
    outputs = (Output("y", Regression(1)),)
    return Problem("mine", "", (Input("x", shape),), outputs, lambda _: Parts(part, part, part, part))
"""


def arrays(name: str, made: str, match: str) -> Case:
    """A problem that the expression ``made`` stands for."""
    module = f"bad_arrays_{next(_NUMBERS)}"
    code = f"{_HEAD}\n\ndef make():\n    return {made}\n"
    return Case(name, f"run {module}:make", match, text(f"{module}.py", code))


def given(name: str, targets: str, match: str, inputs: str = "X", tasks: str = "None") -> Case:
    """A problem of arrays in memory."""
    return arrays(name, f"Problem.from_arrays({inputs}, {targets}, {tasks})", match)


CASES = (
    given("inputs that are an array", "{'y': y}", "inputs: expected name: array, got ndarray; give {'input'",
        inputs="x"),
    given("targets that are an array", "y", "targets: expected name: array, got ndarray"),
    given("no inputs", "{'y': y}", "expected at least one input and one target, got 0 and 1", inputs="{}"),
    given("no targets", "{}", "expected at least one input and one target, got 1 and 0"),
    given("a name that is a number", "{3: y}", "expected names of letters.* got 3; rename"),
    given("a name with a blank", "{'my y': y}", "expected names of letters, digits.*got 'my y'; rename"),
    given("a name twice", "{'x': y}", "expected every input and target to have its own name, got 'x' twice"),
    given("rows of unequal length", "{'y': y}", "input 'x': expected rows of equal length, got .*fill up",
        inputs="{'x': [[1, 2], [3]] * 20}"),
    given("targets of unequal length", "{'y': [[1.0], [2.0, 3.0]] * 20}", "target 'y': expected rows of equal length"),
    given("inputs and targets of different length", "{'y': y[:30]}",
        "target 'y': expected 40 rows, got 30; give every"),
    given("one row", "{'y': y[:1]}", "expected at least 20 rows to split.*got 1; give more data",
        inputs="{'x': x[:1]}"),
    given("no row", "{'y': y[:0]}", "input 'x': expected some rows, got 0", inputs="{'x': x[:0]}"),
    given("no feature", "{'y': y}",
        r"input 'x': expected at least one number in each row, got shape \(40, 0\); add a column",
        inputs="{'x': x[:, :0]}"),
    given("a single number", "{'y': y}", "input 'x': expected .* rows, got a single number", inputs="{'x': 3.0}"),
    given("words", "{'y': y}", "input 'x': expected numbers, got <U.; encode words",
        inputs="{'x': np.array([['a']] * n)}"),
    given("objects", "{'y': y}", "input 'x': expected numbers, got object; encode",
        inputs="{'x': np.array([[{}]] * n)}"),
    given("NaN in an input", "{'y': y}", "input 'x': expected finite numbers, got 3 NaN or infinite; fill or drop",
        inputs="{'x': np.where(np.arange(n)[:, None] == 5, np.nan, x)}"),
    given("infinity in a target", "{'y': np.where(y == y.max(), np.inf, y)}",
        "target 'y': expected finite numbers, got 1 NaN"),
    given("a number too large for single precision", "{'y': y * 1e300}", "target 'y': expected finite numbers, got"),
    given("negative labels", "{'c': c - 1}",
        r"target 'c': expected labels 0\.\.[0-9]+, got -1\.\.0; number the classes from 0"),
    given("labels that are years", "{'c': c + 1999}", "target 'c': expected class labels from 0 on, got 2000 among 40"),
    given("labels out of range", "{'c': c}", r"target 'c': expected labels 0\.\.0, got 0\.\.1; number",
        tasks="{'c': Classification(1)}"),
    given("labels that are no integers", "{'c': c + 0.5}", "target 'c': expected integer labels, got float64",
        tasks="{'c': Classification(2)}"),
    given("a target of too many dimensions", "{'y': images}",
        r"target 'y': expected integers \(n,\) .*got float64 \(40, 1, 4, 4\)"),
    given("a target of another width", "{'y': x}", r"target 'y': expected shape \(40, 2\), got \(40, 3\)",
        tasks="{'y': Regression(2)}"),
    given("shares that do not add up", "{'s': shares * 2}",
        "target 's': expected shares that add up to 1.* got a sum of 2; divide", tasks="{'s': Distribution(4)}"),
    given("negative shares", "{'s': shares - 0.5}", "target 's': expected shares that are not negative, got -0.25",
        tasks="{'s': Distribution(4)}"),
    given("samples outside the unit", "{'i': images * 255}", r"target 'i': expected values in \[0, 1\], got 0",
        tasks="{'i': Generation((1, 4, 4))}"),
    given("samples with other channels", "{'i': images}",
        r"target 'i': expected shape \(40, 3, 4, 4\), got \(40, 1, 4, 4\)", tasks="{'i': Generation((3, 4, 4))}"),
    given("an image outside the unit", "{'y': y}", r"input 'x': expected values in \[0, 1\]",
        inputs="{'x': images * 255}"),
    given("a constant target", "{'y': y * 0 + 7}",
        "target 'y': expected values that vary over the training rows, got a constant; drop"),
    given("a constant class", "{'c': c * 0}",
        "target 'c': expected values that vary over the training rows, got a constant"),
    given("tasks in words", "{'y': y}",
        "tasks: expected one of Classification.* for 'y', got 'regression'; give an object",
        tasks="{'y': 'regression'}"),
    given("tasks that are a word", "{'y': y}", "tasks: expected name: task, got str", tasks="'regression'"),
    given("a task of nothing", "{'y': y}", "expected tasks of targets y, got one of 'z'", tasks="{'z': Regression(1)}"),
    arrays("an image with other channels", "parts(images, shape=(3, 4, 4))",
        r"input 'x': expected shape \(40, 3, 4, 4\), got \(40, 1, 4, 4\)"),
    arrays("an empty part", "parts(x[:0], y[:0, None])", "input 'x': expected some rows, got 0"),
    arrays("an array that is not there",
        "parts(x, None) and Problem('m', '', (Input('z', (3,)),), (Output('y', Regression(1)),), parts(x).load)",
        "input 'z': expected an array of that name, got x"),
    arrays("a loader that breaks",
        "Problem('m', '', (Input('x', (3,)),), (Output('y', Regression(1)),), lambda _: 1 / 0)",
        "problem 'm', loading its data, raised ZeroDivisionError: division by zero; mend the problem"),
    arrays("a loader that returns nothing",
        "Problem('m', '', (Input('x', (3,)),), (Output('y', Regression(1)),), lambda _: None)",
        "problem 'm', loading its data, raised TypeError: expected Parts, got NoneType"),
    arrays("a maker that breaks", "1 / 0", "cannot make 'bad_arrays_[0-9]+:make': division by zero; expected"),
)  # fmt: skip


@table(*CASES)
def test_data_that_are_none_are_refused(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    refuse(case, tmp_path)

"""Every kind of bad data is refused, with what was expected, what came, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from valpnas.contracts.problem import Part, Problem, check_part
from valpnas.errors import DataError
from valpnas.graph.tasks import Classification, Distribution, Generation, Regression, Task
from valpnas.graph.valp import Input, Output

N = 40
TABLE = np.random.default_rng(0).normal(size=(N, 3))
LABELS = np.arange(N) % 3
SHARES = np.full((N, 4), 0.25)
IMAGES = np.zeros((N, 1, 2, 2))
IMAGE = Generation((1, 2, 2))


def broken(array: np.ndarray[Any, Any], value: float) -> np.ndarray[Any, Any]:
    """A copy with its first number replaced."""
    copy = array.copy()
    copy.flat[0] = value
    return copy


# What is given: inputs, targets and tasks. What the message must show: what was expected, what came, what to do.
Bad = tuple[Mapping[str, Any], Mapping[str, Any], dict[str, Task], str, str, str]
BAD: list[Bad] = [
    ({"x": broken(TABLE, np.nan)}, {"y": LABELS}, {}, "input 'x': expected finite numbers", "1 NaN", "fill or drop"),
    ({"x": broken(TABLE, -np.inf)}, {"y": LABELS}, {}, "expected finite numbers", "1 NaN or infinite", "fill or drop"),
    ({"x": broken(TABLE, 1e300)}, {"y": LABELS}, {}, "expected finite numbers", "1 NaN or infinite", "fill or drop"),
    ({"x": TABLE}, {"y": broken(TABLE, np.nan)}, {}, "target 'y': expected finite numbers", "1 NaN", "fill or drop"),
    ({"x": TABLE}, {"y": LABELS - 1}, {}, "target 'y': expected labels 0..1", "-1..1", "number the classes from 0"),
    ({"x": TABLE}, {"y": LABELS}, {"y": Classification(2)}, "expected labels 0..1", "0..2", "declare more"),
    ({"x": TABLE}, {"y": LABELS * 0.5}, {"y": Classification(3)}, "expected integer labels", "float64", "number the"),
    (
        {"x": TABLE},
        {"y": LABELS + 1990},
        {},
        "expected class labels from 0 on",
        "1992 among 40",
        "floats for a regress",
    ),
    ({"x": TABLE}, {"y": np.array(["a"] * N)}, {}, "expected integers (n,)", "<U1", "convert it or name its task"),
    ({"x": TABLE}, {"y": IMAGES}, {}, "expected integers (n,) for classes or floats", "(40, 1, 2, 2)", "name its task"),
    ({"x": TABLE}, {"y": np.zeros((N, 1), int)}, {}, "expected integers (n,)", "int64 (40, 1)", "give it as [:, 0]"),
    ({"x": TABLE}, {"y": np.float64(3)}, {}, "expected integers (n,)", "float64 ()", "name its task"),
    ({"x": np.array(["a"] * N)}, {"y": LABELS}, {}, "input 'x': expected numbers", "<U1", "encode words"),
    ({"x": TABLE}, {"y": ["a"] * N}, {"y": Regression(1)}, "target 'y': expected numbers", "<U1", "encode words"),
    ({"x": 3.0}, {"y": LABELS}, {}, "input 'x': expected", "a single number", "the same rows"),
    ({"x": TABLE}, {"y": LABELS[1:]}, {}, "target 'y': expected 40 rows", "got 39", "the same rows"),
    ({"x": TABLE, "z": TABLE[:5]}, {"y": LABELS}, {}, "input 'z': expected 40 rows", "got 5", "the same rows"),
    ({"x": TABLE[:0]}, {"y": LABELS[:0]}, {}, "expected some rows", "got 0", "the same rows"),
    ({"x": TABLE[:19]}, {"y": LABELS[:19]}, {}, "expected at least 20 rows", "got 19", "give more data"),
    ({"x": TABLE[:, :0]}, {"y": LABELS}, {}, "input 'x': expected at least one number", "(40, 0)", "add a column"),
    ({"x": TABLE}, {"y": TABLE}, {"y": Regression(2)}, "target 'y': expected shape (40, 2)", "(40, 3)", "reshape"),
    ({"x": TABLE}, {"y": TABLE}, {"y": Classification(3)}, "target 'y': expected shape (40,)", "(40, 3)", "reshape"),
    ({"x": TABLE}, {"y": IMAGES}, {"y": Generation((2, 2))}, "expected shape (40, 2, 2)", "(40, 1, 2, 2)", "reshape"),
    ({"x": TABLE}, {"y": SHARES}, {"y": Distribution(5)}, "expected shape (40, 5)", "(40, 4)", "reshape"),
    ({"x": TABLE}, {"y": broken(SHARES, 0.5)}, {"y": Distribution(4)}, "add up to 1", "a sum of 1.25", "divide each"),
    ({"x": TABLE}, {"y": broken(SHARES, -0.1)}, {"y": Distribution(4)}, "not negative", "got -0.1", "count again"),
    ({"x": TABLE}, {"y": broken(IMAGES, 255)}, {"y": IMAGE}, "target 'y': expected values in [0, 1]", "0..255", "resc"),
    ({"x": TABLE}, {"y": broken(IMAGES, -0.5)}, {"y": IMAGE}, "expected values in [0, 1]", "-0.5..0", "rescale them"),
    ({"x": broken(IMAGES, 2)}, {"y": LABELS}, {}, "input 'x': expected values in [0, 1]", "0..2", "rescale them, or"),
    ({}, {"y": LABELS}, {}, "expected at least one input and one target", "0 and 1", "give both"),
    ({"x": TABLE}, {}, {}, "expected at least one input and one target", "1 and 0", "give both"),
    ({"x": TABLE}, {"x": LABELS}, {}, "expected every input and target to have its own name", "'x' twice", "rename"),
    ({"a b": TABLE}, {"y": LABELS}, {}, "expected names of letters, digits, '_' and '-'", "'a b'", "rename it"),
    ({"x": TABLE}, {"y": LABELS}, {"z": Regression(1)}, "expected tasks of targets y", "'z'", "name a target"),
]


@pytest.mark.parametrize(("inputs", "targets", "tasks", "expected", "came", "do"), BAD)
def test_bad_data_is_refused(
    inputs: Mapping[str, Any], targets: Mapping[str, Any], tasks: dict[str, Task], expected: str, came: str, do: str
) -> None:
    with pytest.raises(DataError) as caught:
        Problem.from_arrays(inputs, targets, tasks)
    message = str(caught.value)
    assert expected in message
    assert came in message.partition("got")[2] or came.startswith("got")
    assert do in message.partition(";")[2]
    assert "\n" not in message


X, Y = Input("x", (3,)), Output("y", Classification(3))


def test_good_data_passes() -> None:
    check_part([X], [Y], Part({"x": TABLE}, {"y": LABELS}))
    edges = Part({"x": IMAGES.astype(bool)}, {"y": SHARES + 1e-6, "z": broken(IMAGES, 1.0)})
    check_part([Input("x", (1, 2, 2), "image")], [Output("y", Distribution(4)), Output("z", IMAGE)], edges)


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (Part({}, {"y": LABELS}), "input 'x': expected an array of that name, got none; load it"),
        (Part({"x": TABLE}, {"z": LABELS}), "target 'y': expected an array of that name, got z; load it"),
        (Part({"x": TABLE[:, :2]}, {"y": LABELS}), r"input 'x': expected shape \(40, 3\), got \(40, 2\); reshape"),
        (Part({"x": TABLE.astype("datetime64[s]")}, {"y": LABELS}), "expected numbers, got datetime64.*; encode"),
    ],
)
def test_parts_must_hold_what_is_declared(part: Part, message: str) -> None:
    with pytest.raises(DataError, match=message):
        check_part([X], [Y], part)


def test_a_histogram_of_many_rows_names_its_worst() -> None:
    shares = SHARES.copy()
    shares[7] *= 3
    shares[9] *= 0.5
    with pytest.raises(DataError, match="got a sum of 3; divide"):
        check_part([X], [Output("y", Distribution(4))], Part({"x": TABLE}, {"y": shares}))

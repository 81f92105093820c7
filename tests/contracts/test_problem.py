"""Problem.from_arrays in all its forms, and the split into parts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from valpnas.contracts.problem import PARTS, Part, Parts, Problem, Reader, SampleScorer
from valpnas.errors import DataError
from valpnas.graph.tasks import Classification, Distribution, Generation, Regression, Task
from valpnas.graph.valp import Input, Output

N = 40
RNG = np.random.default_rng(0)
TABLE = RNG.normal(size=(N, 3))
IMAGES = RNG.random((N, 1, 4, 4))
LABELS = np.arange(N) % 3
SHARES = RNG.dirichlet(np.ones(4), size=N)


def make(targets: dict[str, Any], tasks: dict[str, Task] | None = None, **inputs: Any) -> Problem:
    return Problem.from_arrays(inputs or {"table": TABLE}, targets, tasks)


def joined(problem: Problem, side: str, name: str) -> NDArray[np.generic]:
    """All rows of one array, part after part."""
    parts = problem.load(Reader())
    return np.concatenate([getattr(getattr(parts, part), side)[name] for part in PARTS])


@pytest.mark.parametrize(
    ("target", "task", "dtype", "shape"),
    [
        (LABELS, Classification(3), np.int64, ()),
        (LABELS.astype(np.uint8), Classification(3), np.int64, ()),
        (LABELS.tolist(), Classification(3), np.int64, ()),
        (LABELS == 1, Classification(2), np.int64, ()),
        (np.zeros(N, dtype=int), Classification(2), np.int64, ()),
        (TABLE[:, 0], Regression(1), np.float32, (1,)),
        (TABLE[:, :1], Regression(1), np.float32, (1,)),
        (TABLE.astype(np.float16), Regression(3), np.float32, (3,)),
    ],
)
def test_tasks_are_told_from_arrays(target: Any, task: Task, dtype: type, shape: tuple[int, ...]) -> None:
    problem = make({"y": target})
    assert problem.outputs == (Output("y", task),)
    assert joined(problem, "targets", "y").dtype == dtype
    assert joined(problem, "targets", "y").shape == (N, *shape)


@pytest.mark.parametrize(
    ("target", "task"),
    [
        (SHARES, Distribution(4)),
        (IMAGES, Generation((1, 4, 4))),
        (TABLE[:, 0] > 0, Classification(5)),
        (LABELS, Regression(1)),
        (TABLE, Regression(3)),
    ],
)
def test_tasks_can_be_named(target: NDArray[np.generic], task: Task) -> None:
    problem = make({"y": target}, {"y": task})
    assert problem.outputs == (Output("y", task),)
    found = joined(problem, "targets", "y")
    assert found.dtype == (np.int64 if isinstance(task, Classification) else np.float32)
    assert problem.samplers == ({"y": SampleScorer()} if isinstance(task, Generation) else {})


def test_several_inputs_and_targets() -> None:
    targets = {"label": LABELS, "number": TABLE[:, 0], "sample": IMAGES}
    problem = make(targets, {"sample": Generation((1, 4, 4))}, table=TABLE, image=IMAGES, column=TABLE[:, 1])
    assert problem.inputs == (
        Input("table", (3,), "table"),
        Input("image", (1, 4, 4), "image"),
        Input("column", (1,), "table"),
    )
    assert [output.name for output in problem.outputs] == ["label", "number", "sample"]
    assert (problem.name, problem.in_memory, problem.reference) == ("arrays", True, {})
    assert joined(problem, "inputs", "image").dtype == np.float32


def test_rows_stay_together_and_none_is_lost() -> None:
    rows = np.arange(N, dtype=float)
    parts = make({"y": rows, "z": rows[:, None] * [2.0, 3.0]}, x=rows).load(Reader())
    seen = []
    for name in PARTS:
        part: Part = getattr(parts, name)
        assert np.array_equal(part.targets["z"], part.inputs["x"] * [2.0, 3.0])
        assert np.array_equal(part.targets["y"], part.inputs["x"])
        assert np.array_equal(np.sort(part.inputs["x"], axis=0), part.inputs["x"])
        seen += part.inputs["x"][:, 0].tolist()
    assert sorted(seen) == rows.tolist()


def test_the_split_belongs_to_the_problem() -> None:
    def train(seed: int) -> list[float]:
        inputs = {"x": np.arange(N)}
        parts = Problem.from_arrays(inputs, {"y": LABELS}, split_seed=seed).load(Reader())
        return [float(x) for x in parts.train.inputs["x"][:, 0]]

    assert train(0) == train(0)
    assert train(0) != train(1)


@pytest.mark.parametrize(("rows", "sizes"), [(20, [12, 2, 3, 3]), (40, [24, 4, 6, 6]), (1797, [1078, 180, 269, 270])])
def test_shares_of_the_parts(rows: int, sizes: list[int]) -> None:
    parts = Parts.split(Part({"x": np.zeros((rows, 1))}, {}), seed=0)
    assert [len(getattr(parts, name)) for name in PARTS] == sizes


def test_other_shares() -> None:
    rows = Part({"x": np.zeros((100, 1))}, {})
    parts = Parts.split(rows, 0, shares=(0.4, 0.2, 0.2, 0.2))
    assert [len(getattr(parts, name)) for name in PARTS] == [40, 20, 20, 20]
    with pytest.raises(DataError, match=r"expected shares that leave rows for each of train, .* got .*; raise"):
        Parts.split(rows, 0, shares=(0.7, 0.0, 0.15, 0.15))


def test_the_callers_arrays_are_left_alone() -> None:
    table, labels = TABLE.astype(np.float32), LABELS.copy()
    parts = make({"y": labels}, table=table).load(Reader())
    parts.train.inputs["table"][:] = 0
    parts.train.targets["y"][:] = 0
    assert np.array_equal(table, TABLE.astype(np.float32))
    assert np.array_equal(labels, LABELS)


def test_parts_that_are_already_split() -> None:
    part = Part({"x": TABLE}, {"y": IMAGES})
    outputs = [Output("y", Generation((1, 4, 4)))]
    problem = Problem.from_parts("mine", "a test", [Input("x", (3,))], outputs, Parts(part, part, part, part))
    assert problem.load(Reader()).test is part
    assert (problem.summary, problem.samplers, problem.in_memory) == ("a test", {"y": SampleScorer()}, True)

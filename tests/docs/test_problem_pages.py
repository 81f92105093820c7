"""The tables of docs/problems.md against the problems themselves."""

from __future__ import annotations

import pytest

from valpnas import catalog
from valpnas.graph.tasks import Classification, Distribution, Generation, Regression, Task

from .pages import ROOT, table

PAGE = ROOT / "docs" / "problems.md"
FAMILIES = [entry.written for entry in catalog.entries("problems") if entry.argument]
NAMES = [entry.name for entry in catalog.entries("problems") if not entry.argument]


def described(task: Task) -> tuple[str, str]:
    """What the page says of a task and of its objective."""
    match task:
        case Classification(classes):
            return f"{classes} classes", "error rate"
        case Distribution(bins):
            return f"{bins} bins", "unexplained variance"
        case Generation(shape):
            return f"images {'x'.join(map(str, shape))}", "Frechet distance"
        case Regression(size):
            return f"{size} number{'s' if size > 1 else ''}", "squared error, standardised"


def test_every_problem_is_told_with_its_inputs() -> None:
    rows = {row[0].strip("`"): row[2] for row in table(PAGE, "problem", "what it is")}
    assert set(rows) == {*NAMES, *FAMILIES}
    for name in NAMES:
        told = rows[name]
        inputs = [f"`{i.name}` {'x'.join(map(str, i.shape))}" for i in catalog.problem(name).inputs]
        assert told == ", ".join(inputs)


def test_references_and_ideals_are_those_of_the_problems() -> None:
    rows = [[cell.strip("`") for cell in row] for row in table(PAGE, "problem", "output")]
    expected = []
    for name in NAMES:
        problem = catalog.problem(name)
        for output in problem.outputs:
            bounds = [f"{bound[output.name]:g}" for bound in (problem.reference, problem.ideal)]
            expected.append([name, output.name, *described(output.task), *bounds])
    assert sorted(rows) == sorted(expected)


@pytest.mark.parametrize("name", [name for name in NAMES if catalog.problem(name).files])
def test_every_file_is_told_with_its_place(name: str) -> None:
    text = PAGE.read_text(encoding="utf-8")
    for file in catalog.problem(name).files:
        assert f"| `{file.folder}/` |" in text
        assert not file.url or file.url.rsplit("/", 1)[0].rsplit("/", 2)[-1] in text

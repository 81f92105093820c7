"""A VALP as JSON: the round trip, another format, damaged files."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given

from valpnas.errors import InvalidValpError, StoreError
from valpnas.graph.canonical import canonical_hash
from valpnas.graph.tasks import Classification, Distribution, Generation, Regression, Task, task_from_json, task_to_json
from valpnas.graph.valp import Valp
from valpnas.graph.valp_json import FORMAT, valp_from_json, valp_to_json

from .strategies import quick, valps
from .toys import FIGURE_2, read_toy


@quick
@given(valps())
def test_round_trip(valp: Valp) -> None:
    text = json.dumps(valp_to_json(valp))
    again = valp_from_json(json.loads(text), read_toy)
    assert again == valp
    assert hash(again) == hash(valp)
    assert canonical_hash(again) == canonical_hash(valp)
    assert json.dumps(valp_to_json(again)) == text


@pytest.mark.parametrize("other", ["valpnas-valp/2", "valpnas-run/1", None])
def test_another_format_is_refused(other: str | None) -> None:
    with pytest.raises(StoreError, match=f"expected a graph of format '{FORMAT}', got {other!r}; read it with"):
        valp_from_json({**valp_to_json(FIGURE_2), "format": other}, read_toy)


def test_what_is_no_object_is_refused() -> None:
    with pytest.raises(StoreError, match=r"expected a graph of format .* got 'list'"):
        valp_from_json([1, 2], read_toy)  # type: ignore[arg-type]


DAMAGES: list[Callable[[dict[str, Any]], object]] = [
    lambda data: data.pop("arcs"),
    lambda data: data["inputs"][0].pop("shape"),
    lambda data: data.update(networks=None),
    lambda data: data["networks"][0]["spec"].update(depth=3),
    lambda data: data["outputs"][0].pop("classes"),
    lambda data: data.update(arcs=["i1"]),
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_graph_is_refused(damage: Callable[[dict[str, Any]], object]) -> None:
    data = json.loads(json.dumps(valp_to_json(FIGURE_2)))
    damage(data)
    with pytest.raises(StoreError, match=r"expected a whole graph of format .* got .*; take it from a copy"):
        valp_from_json(data, read_toy)


@pytest.mark.parametrize("task", [Classification(3), Regression(2), Distribution(8), Generation((1, 8, 8))])
def test_tasks_round_trip(task: Task) -> None:
    assert task_from_json(json.loads(json.dumps(task_to_json(task)))) == task


def test_an_unknown_task_is_refused() -> None:
    with pytest.raises(InvalidValpError, match=r"known-task.*expected a task among classification, .*got 'ranking'"):
        task_from_json({"task": "ranking"})


@pytest.mark.parametrize("wrong", [36, (), [8, 8], (8, 0), (8.0, 8), "88"])
def test_a_generation_wants_a_shape(wrong: Any) -> None:
    with pytest.raises(InvalidValpError, match=r"known-task.*task generation: expected .* got .*"):
        Generation(wrong)


@pytest.mark.parametrize("task", [Classification, Regression, Distribution])
@pytest.mark.parametrize("wrong", [0, -1, 2.0, "3", True, (3,)])
def test_the_other_tasks_want_a_count(task: type[Task], wrong: Any) -> None:
    with pytest.raises(InvalidValpError, match=r"known-task.*expected whole numbers from 1 on, each an int, got \w+="):
        task(wrong)

"""Groups in whole runs: side by side on any executor and by however many workers, and the run is the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.store.small_runs import make
from tests.store.test_side_by_side import CLONES
from valpnas.testing.runs import contents, events

ALIKE: dict[str, Any] = {"search": "nsga2", "population": 3, "generations": 1, "start": "wide"}
ALIKE["start_parameters"] = 300

pytestmark = [pytest.mark.timeout(600)]


def together(path: Path) -> list[list[int] | None]:
    """Return who was trained beside whom, by candidate."""
    return [event.get("together") for event in events(path) if event["event"] == "proposed"]


@pytest.fixture(scope="module")
def clones(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The run of clones in one process."""
    path = tmp_path_factory.mktemp("clones") / "run"
    make(path, **CLONES)
    return contents(path)


@pytest.mark.parametrize(
    ("executor", "workers"),
    [("processes", 1), ("processes", 2), ("shared", 1), pytest.param("ray", 2, marks=pytest.mark.ray)],
)
def test_groups_are_the_same_wherever_they_are_trained(
    executor: str, workers: int, tmp_path: Path, clones: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    if executor == "ray":
        request.getfixturevalue("_ray")
    make(tmp_path / "run", executor=executor, workers=workers, **CLONES)
    assert together(tmp_path / "run") == [[0, 1, 2]] * 3 + [None] + [[4, 5, 6]] * 3 + [None]
    assert contents(tmp_path / "run") == clones


def test_members_of_a_population_that_are_alike_are_trained_together(tmp_path: Path) -> None:
    make(tmp_path / "run", **ALIKE)
    assert together(tmp_path / "run")[:3] == [[0, 1, 2]] * 3


def test_who_waits_for_nobody_trains_alone(tmp_path: Path) -> None:
    make(tmp_path / "run", asynchronous=True, **ALIKE)
    assert set(map(str, together(tmp_path / "run"))) == {"None"}

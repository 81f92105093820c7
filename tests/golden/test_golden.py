"""Golden runs: every search and chooser still does, step by step, what it did when its run was recorded.

Another release of torch may draw other weights, and a search turns that into another path: elsewhere than on the
recorded platform only the start, which no training decides, is compared. Proposals without any training are compared
everywhere (``proposals.py``).
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.golden.proposals import FILE, imagine_all
from tests.golden.record import DEFAULT, FOLDER, names, observe, platform_name
from valpnas.operators import OPERATORS
from valpnas.search import SEARCHES
from valpnas.search.kinds import counts_generations, has_chooser

BY_ITSELF = [search.name for search in SEARCHES if not has_chooser(search.name)]


def golden(name: str) -> dict[str, Any]:
    """Read a recorded run."""
    data: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return data


def test_every_search_and_chooser_has_a_golden_run_and_no_other_is_kept() -> None:
    """A new chooser is recorded, a removed one is forgotten."""
    assert {path.stem for path in FOLDER.glob("*.json")} == set(names())


@pytest.mark.parametrize("name", names())
def test_a_run_repeats_its_golden_run(name: str) -> None:
    """Step by step on the recorded platform, from the same start everywhere."""
    recorded, seen = golden(name), observe(name)
    assert seen[0] == recorded["steps"][0]
    assert len(seen) == 3 * candidates(name) or name.endswith("train-only")  # each proposed, trained and judged
    if recorded["platform"] == platform_name():
        assert [_without_objectives(step) for step in seen] == [_without_objectives(s) for s in recorded["steps"]]
        for step, expected in zip(seen, recorded["steps"], strict=True):
            assert step.get("objectives") == _nearly(expected.get("objectives"))


def candidates(name: str) -> int:
    """Three generations of three; a start or three, and four steps; as many cells as were recorded."""
    if name in BY_ITSELF:
        recorded = sum("graph" in step for step in golden(name)["steps"])
        assert recorded == 8 if name.startswith("cell-") else recorded > 11
        return recorded
    populations = tuple(search.name for search in SEARCHES if counts_generations(search.name))
    return 3 * 3 if name.startswith(populations) else 7 if name == DEFAULT else 5


def _without_objectives(step: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in step.items() if key != "objectives"}


def _nearly(objectives: dict[str, float] | None) -> Any:
    """A thousandth, and for an error rate one row of the 269 that validate."""
    if objectives is None:
        return None
    return {n: pytest.approx(v, rel=1e-3, abs=4e-3 if n == "digit" else 0) for n, v in objectives.items()}


@pytest.mark.parametrize("name", [name for name in names() if name not in BY_ITSELF])
def test_a_golden_run_shows_its_chooser(name: str) -> None:
    """The record is not vacuous: it holds the changes that the chooser is there to make, and judged them."""
    changes = [step["variant"] for step in golden(name)["steps"] if step.get("origin") == "change"]
    assert bool(changes) == (not name.endswith("train-only"))
    assert all(
        not variant.endswith("aggressive")
        for variant in changes
        if name.endswith(("random-gentle", "grow", "grow-depth"))
    )


def test_proposals_without_training_are_the_golden_ones_everywhere() -> None:
    """Every search with every chooser, and no other."""
    assert imagine_all() == json.loads(FILE.read_text())


def test_golden_proposals_hold_every_kind_of_change() -> None:
    """The record is not vacuous."""
    told = "\n".join(line for lines in json.loads(FILE.read_text()).values() for line in lines)
    seen = {entry.name for entry in OPERATORS if f" {entry.name} at " in told}
    assert len(seen) >= 12
    assert {"rejected", "accepted", "continue"} <= set(re.findall(r"\w+", told))

"""Golden runs: every search and chooser still does, step by step, what it did when its run was recorded.

A change of torch or of the processor changes the last bits of a loss, and a search turns that into another path;
elsewhere than on the recorded platform only the first proposals, which no training decides, are compared.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.golden.record import FOLDER, names, observe, platform_name


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
    whole = recorded["platform"] == platform_name()
    compared = len(recorded["steps"]) if whole else 1
    assert seen[:compared] == recorded["steps"][:compared]
    assert len(seen) >= 3 * 5  # the start and four steps, each proposed, trained and judged


@pytest.mark.parametrize("name", names())
def test_a_golden_run_shows_its_chooser(name: str) -> None:
    """The record is not vacuous: it holds the changes that the chooser is there to make, and judged them."""
    changes = [step["variant"] for step in golden(name)["steps"] if step.get("origin") == "change"]
    assert bool(changes) == (not name.endswith("train-only"))
    assert all(not variant.endswith("aggressive") for variant in changes if name.endswith("random-gentle"))

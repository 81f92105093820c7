"""The planted benchmark: each diagnostic finds what was built into a model, in nineteen of twenty seeds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PLANTED = Path(__file__).parents[2] / "benchmarks" / "planted.py"


def run(seeds: int) -> tuple[int, dict[str, int], dict[str, float]]:
    """Return the exit status, how often each truth was found, and the percentage of each false alarm."""
    made = subprocess.run([sys.executable, str(PLANTED), str(seeds)], capture_output=True, text=True)
    assert not made.stderr, made.stderr
    lines = [line.split("  ") for line in map(str.strip, made.stdout.splitlines())]
    found = {what: int(head.split(" of ")[0]) for head, what in lines if "%" not in head}
    return made.returncode, found, {what: float(head.split(" %")[0]) for head, what in lines if "%" in head}


def names(told: dict[str, float] | dict[str, int]) -> set[str]:
    return {what.split(":")[0] for what in told}


ALL = {
    *("dependency", "generalisation_gap", "input_intervention", "latent_prior"),
    *("loss_slope", "module_intervention", "relative_performance"),
}


def test_what_was_planted_is_found_with_one_seed() -> None:
    status, found, alarms = run(1)
    assert status == 0, found
    assert names(found) == names(alarms) == ALL


@pytest.mark.slow
def test_what_was_planted_is_found_in_nineteen_of_twenty_seeds() -> None:
    status, found, alarms = run(20)
    assert status == 0, found
    assert min(found.values()) >= 19
    # A place in a ranking, not a fault: of three independent outputs, just one is in the worse half in 3 of 8 models.
    assert alarms.pop("relative_performance: WEAK_OUTPUT among equals") <= 45
    assert max(alarms.values()) <= 10, alarms

"""Timing: whether candidates were trained one at a time, by the run file and by the clock."""

from __future__ import annotations

from typing import Any

import pytest

from valpnas.config import config_from
from valpnas.report.timing import exclusive, notes_on_seconds

ONE_BY_ONE = [("trained", 2.0, 2.5), ("trained", 2.0, 5.0), ("failed", 1.0, 6.0)]
AT_ONCE = [("trained", 2.0, 2.5), ("trained", 2.0, 2.6)]


def journal(told: list[tuple[str, float, float]]) -> list[dict[str, Any]]:
    return [{"event": event, "seconds": {"training": spent}, "elapsed": passed} for event, spent, passed in told]


@pytest.mark.parametrize(
    ("settings", "told", "alone"),
    [
        ({}, ONE_BY_ONE, True),
        ({}, AT_ONCE, False),
        ({"executor": "processes", "workers": 2}, ONE_BY_ONE, False),
        ({"executor": "processes", "workers": 1}, ONE_BY_ONE, True),
    ],
)
def test_it_is_known_whose_the_seconds_are(
    settings: dict[str, Any], told: list[tuple[str, float, float]], alone: bool
) -> None:
    config = config_from({"problem": "digits-class", "search": "popnas", **settings})
    assert exclusive(config, journal(told)) == alone
    assert bool(notes_on_seconds(config, journal(told))) != alone


def test_who_decides_by_no_time_has_no_note() -> None:
    config = config_from({"problem": "digits-class", "search": "cell-random", "cell_search": {"networks": 4}})
    assert not exclusive(config, journal(AT_ONCE))
    assert notes_on_seconds(config, journal(AT_ONCE)) == []

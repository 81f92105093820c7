"""Timing: whether candidates were trained one at a time, by the run file and by the clock."""

from __future__ import annotations

from typing import Any

import pytest

from valpnas.config_tables import config_from
from valpnas.report.tally import Tally
from valpnas.report.timing import exclusive, notes_on_seconds

ONE_BY_ONE = [("trained", 2.0, 2.5), ("trained", 2.0, 5.0), ("failed", 1.0, 6.0)]
AT_ONCE = [("trained", 2.0, 2.5), ("trained", 2.0, 2.6)]


def tally(told: list[tuple[str, float, float]]) -> Tally:
    events = [
        {"event": event, "candidate": i, "objectives": {"y": 1.0}, "seconds": {"training": spent}, "elapsed": passed}
        for i, (event, spent, passed) in enumerate(told)
    ]
    return Tally.of(events)


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
    assert exclusive(config, tally(told)) == alone
    assert bool(notes_on_seconds(config, tally(told))) != alone


def test_who_decides_by_no_time_has_no_note() -> None:
    config = config_from({"problem": "digits-class", "search": "cell-random", "cell_search": {"networks": 4}})
    assert not exclusive(config, tally(AT_ONCE))
    assert notes_on_seconds(config, tally(AT_ONCE)) == []

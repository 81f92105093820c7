"""Notices: an asynchronous run, and a chooser that learns in a search that tells it nothing."""

from __future__ import annotations

from typing import Any

import pytest

from valpnas.config_tables import config_from
from valpnas.search.notices import notices


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"chooser": "bandit"}, []),
        ({"search": "nsga2", "chooser": "guided"}, []),
        ({"search": "nsga2", "chooser": "bandit"}, ["bandit learns nothing from this run: nsga2 does not tell"]),
        ({"search": "nsga3", "chooser": "learned"}, ["learned learns nothing from this run: nsga3 does not tell"]),
        ({"search": "nsga2", "asynchronous": True}, ["asynchronous: what is asked depends on who is done first"]),
    ],
)
def test_what_a_person_should_know_is_said(settings: dict[str, Any], said: list[str]) -> None:
    lines = list(notices(config_from({"problem": "digits", **settings})))
    assert [line.startswith(begin) for line, begin in zip(lines, said, strict=True)] == [True] * len(said)

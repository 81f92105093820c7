"""Names are looked up before anything is made: each key in its table, addresses and files left alone."""

from __future__ import annotations

from typing import Any

import pytest

from valpnas import catalog
from valpnas.contracts.entry import Entry
from valpnas.errors import ConfigError, UnknownNameError
from valpnas.search.naming import check_names, configure


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"search": "nsga3x"}, "unknown search 'nsga3x': did you mean nsga3"),
        ({"start": "wid"}, "unknown start 'wid': did you mean wide"),
        ({"start": "deep,wid"}, "unknown start 'wid': did you mean wide"),
        ({"start": "deep,"}, "unknown start ''"),
        ({"cell_blocks": "predict"}, "did you mean predicted"),
        ({"balancing": "gradnrom"}, "did you mean gradnorm"),
        ({"engine": "plian"}, "did you mean plain"),
        ({"executor": "seriel"}, "did you mean serial"),
        ({"algorithm": "adan"}, "did you mean adam"),
        ({"rejected": "discart"}, "did you mean discard"),
        ({"without": ("donate",)}, "did you mean donate_exclusive_subgraph"),
        ({"problem": "digitz"}, "did you mean digits"),
    ],
)
def test_an_unknown_name_offers_the_nearest(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UnknownNameError, match=message):
        check_names(settings)


def test_what_is_no_name_is_left_alone() -> None:
    check_names({"start": "mine.json", "executor": "ray://host:10001", "search": "mine:Search", "problem": "mine:made"})
    check_names({"start": "deep, random-sized,single"})
    check_names({"start": "single", "without": ("mine",), "operators": ("mine:Operator",)})


def test_operators_of_others_may_be_called_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = catalog.entries("operators")
    monkeypatch.setattr(catalog, "entries", lambda _: (*ours, Entry("theirs", "from theirs", "theirs:Operator")))
    check_names({"without": ("another_name",)})


def test_a_configuration_is_checked_with_its_schedule() -> None:
    config, name = configure("digits", {"steps": 2})
    assert (config.problem, config.steps, name) == ("digits", 2, "digits")
    with pytest.raises((UnknownNameError, ConfigError), match="unknown schedule 'step'"):
        configure("digits", {"schedule": "step"})

"""Exclusive times: who decides by what is measured trains one candidate at a time, or says that it need not be."""

from __future__ import annotations

from typing import Any

import pytest

from valpnas.config_tables import config_from
from valpnas.errors import ConfigError
from valpnas.search.exclusive_times import check_times

SEVERAL = {"executor": "processes", "workers": 2}
FINE: list[dict[str, Any]] = [
    {},
    {"executor": "processes", "workers": 1},
    {**SEVERAL, "cell_search": {"costs": ["parameters", "flops"]}},
    {**SEVERAL, "cell_search": {"times_side_by_side": True}},
    {"executor": "shared", "workers": 1, "cell_search": {"times_side_by_side": True}},
    {**SEVERAL, "search": "pnas"},
    {**SEVERAL, "search": "cell-random", "cell_search": {"networks": 3}},
    {**SEVERAL, "search": "hill-climbing"},
]
WRONG: list[dict[str, Any]] = [
    SEVERAL,
    {"executor": "shared", "workers": 0},
    {"executor": "shared", "workers": 1},
    {"jobs_per_gpu": 2},
    {**SEVERAL, "search": "popnas-v1", "cell_search": {"costs": ["parameters", "latency"]}},
]


@pytest.mark.parametrize("settings", FINE)
def test_times_that_are_exclusive_or_decide_nothing_are_fine(settings: dict[str, Any]) -> None:
    check_times(config_from({"problem": "digits-class", "search": "popnas", **settings}))


@pytest.mark.parametrize("settings", WRONG)
def test_times_of_candidates_that_train_side_by_side_are_refused(settings: dict[str, Any]) -> None:
    config = config_from({"problem": "digits-class", "search": "popnas", **settings})
    with pytest.raises(
        ConfigError, match=r"cell_search\.costs: expected no measured times .* got (seconds|latency) with"
    ):
        check_times(config)


def test_a_run_that_goes_on_elsewhere_is_looked_at_there() -> None:
    config = config_from({"problem": "digits-class", "search": "popnas"})
    with pytest.raises(ConfigError, match="workers = 3"):
        check_times(config, executor="processes", workers=3)
    with pytest.raises(ConfigError, match=r"'shared' \(any number of `valpnas work` may join\), workers = 1"):
        check_times(config, executor="shared", workers=1)
    check_times(config_from({"problem": "digits-class", "search": "popnas", **SEVERAL}), executor="serial")

"""Searches of cells as arms: who weighs seconds runs alone, and the table has no settings that a run never had."""

from __future__ import annotations

from dataclasses import replace

import pytest

from valpnas.commands.comparing import worker_count_for
from valpnas.errors import ConfigError
from valpnas.experiments.compare import weighs_times
from valpnas.experiments.comparison import Arm, Comparison, Options
from valpnas.experiments.settings import settings_of
from valpnas.experiments.tables import setting_table

ARMS = (
    Arm("popnas", {"search": "popnas"}),
    Arm("pnas", {"search": "pnas"}),
    Arm("exact", {"search": "popnas", "cell_search": {"costs": ["parameters"]}}),
    Arm("random", {"search": "cell-random", "cell_search": {"networks": 6}}),
)
CELLS = Comparison({"problem": "digits-class"}, ARMS, Options(pairs=1))


def test_an_arm_that_weighs_seconds_has_the_machine_to_itself() -> None:
    assert weighs_times(CELLS) == ["popnas"]
    assert (worker_count_for(None, CELLS), worker_count_for(1, CELLS)) == (1, 1)
    with pytest.raises(ConfigError, match=r"--workers: expected 1 .*\(popnas\), got 2; leave it out"):
        worker_count_for(2, CELLS)


def test_whoever_says_so_may_have_them_side_by_side() -> None:
    side_by_side = replace(ARMS[0], keys={"search": "popnas", "cell_search": {"times_side_by_side": True}})
    for arms in ((side_by_side, *ARMS[2:]), ARMS[1:]):
        assert worker_count_for(2, replace(CELLS, arms=arms)) == 2


def test_the_table_shows_no_training_that_a_protocol_decides() -> None:
    table = setting_table(settings_of(CELLS, "cpu"), ("search", "initial_batches", "learning_rate", "schedule"))
    assert "learning rate" not in table.columns
    given = replace(CELLS, shared={**CELLS.shared, "learning_rate": 0.02})
    table = setting_table(settings_of(given, "cpu"), ("search", "learning_rate"))
    assert [row[table.columns.index("learning rate")] for row in table.rows] == ["0.02"] * 4

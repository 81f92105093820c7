"""Rounds of a search of cells as data and in the terminal: figures that follow from the journal by hand."""

from __future__ import annotations

import json
from io import StringIO

import numpy as np
import pytest
from rich.console import Console
from scipy.stats import spearmanr

from valpnas.opened_run import Run
from valpnas.report.rounds import round_table
from valpnas.report.terminal import print_summary
from valpnas.store.run_directory import RunDirectory


def test_rows_count_what_the_journal_has(run: Run) -> None:
    rows = run.summary()["rounds"]
    assert [row["round"] for row in rows] == [1, 2, 3]
    assert rows[0]["trained"] == 11, "the empty cell and all ten of one block"
    assert sum(row["trained"] + row["failed"] for row in rows) == run.summary()["evaluations"]
    assert sum(row["seconds"] for row in rows) == pytest.approx(run.summary()["seconds"]["training"], abs=0.01)
    json.dumps(rows, allow_nan=False)


def test_scores_and_errors_follow_from_the_journal(run: Run) -> None:
    told = RunDirectory(run.path).journal.events
    asked = {e["candidate"]: e for e in told if e["event"] == "proposed" and e.get("round", 0) == 2}
    got = {e["candidate"]: e for e in told if e["event"] == "trained" and e["candidate"] in asked}
    scores = {number: 1 - event["objectives"]["side"] for number, event in got.items()}
    row = run.summary()["rounds"][1]
    assert row["best"] == max(scores.values())
    assert row["top5"] == pytest.approx(np.mean(sorted(scores.values())[-5:]))
    assert set(row["errors"]) == {"score", "seconds"}, "parameters are exact"
    expected = np.array([asked[number]["estimates"]["seconds"] for number in sorted(got)])
    spent = np.array([got[number]["seconds"]["training"] for number in sorted(got)])
    errors = row["errors"]["seconds"]
    assert errors["mape"] == pytest.approx(np.mean(np.abs(expected - spent) / spent) * 100)
    if errors["spearman"] is not None:
        assert errors["spearman"] == pytest.approx(spearmanr(expected, spent).statistic)


def test_the_first_round_expects_nothing(run: Run) -> None:
    assert run.summary()["rounds"][0]["errors"] == {}


def test_a_search_without_predictors_has_one_row_and_no_errors(drawn: Run) -> None:
    (row,) = drawn.summary()["rounds"]
    assert (row["trained"], row["failed"], row["errors"]) == (6, 0, {})


def test_the_terminal_shows_a_line_per_round(run: Run, drawn: Run) -> None:
    told = []
    for each in (run, drawn):
        console = Console(file=StringIO(), width=200)
        print_summary(each.summary(), [], console)
        told.append(console.file.getvalue())  # type: ignore[attr-defined]
    assert "seconds: MAPE" in told[0]
    assert "mean of best 5" in told[1]
    assert "MAPE" not in told[1]


def test_what_is_not_defined_is_a_dash() -> None:
    row = {"round": 2, "trained": 0, "failed": 1, "seconds": 0.0, "best": None, "top5": None}
    table = round_table([{**row, "errors": {"score": {"mape": None, "spearman": None}}}])
    console = Console(file=StringIO(), width=200)
    console.print(table)
    assert console.file.getvalue().count(" - ") == 4  # type: ignore[attr-defined]

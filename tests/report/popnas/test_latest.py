"""The latest cells of a search as data and in the terminal: figures that follow from the journal by hand."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from valpnas.cells.text import read_cell
from valpnas.opened_run import Run
from valpnas.report.latest import latest_table
from valpnas.report.terminal import print_summary
from valpnas.report.watch_terminal import drawn as drawn_frame
from valpnas.report.watching import frame
from valpnas.store.run_directory import RunDirectory

from .test_page import copied


def text_of(shown: Any) -> str:
    console = Console(file=StringIO(), width=300)
    console.print(shown)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def test_rows_are_what_the_journal_has(run: Run) -> None:
    events = RunDirectory(run.path).journal.events
    asked = {e["candidate"]: e for e in events if e["event"] == "proposed"}
    got = {e["candidate"]: e for e in events if e["event"] == "trained"}
    rows = run.latest(3)
    assert [row["candidate"] for row in rows] == sorted(got)[-3:]
    for row in rows:
        number = row["candidate"]
        assert row["score"] == 1 - got[number]["objectives"]["side"]
        assert row["expected"] == asked[number]["estimates"]["score"]
        assert row["seconds"] == got[number]["seconds"]["training"]
        assert row["reason"] == asked[number]["reason"]
        assert len(read_cell(row["text"]).blocks) == asked[number]["round"]


def test_expected_has_a_column_where_something_was(run: Run, drawn: Run) -> None:
    with_it, without = (text_of(latest_table(each.config.search, each.latest(3))) for each in (run, drawn))
    assert "expected" in with_it
    assert "expected" not in without
    assert "random" in without, "why it was trained"


def test_a_cell_that_failed_says_why() -> None:
    row = {"candidate": 7, "text": "[]", "score": None, "expected": 0.5, "seconds": 0.0, "reason": "front"}
    assert "front, failed: out of memory" in text_of(latest_table("popnas", [{**row, "failure": "out of memory"}]))


def test_none_are_asked_for(run: Run) -> None:
    assert run.latest(0) == []


@pytest.mark.parametrize("word", ["accepted", "rejected", "verdict", "guided", "the start"])
def test_nothing_printed_speaks_of_changes(run: Run, word: str, tmp_path: Any) -> None:
    console = Console(file=StringIO(), width=300)
    print_summary(run.summary(), run.latest(10), console, run.networks())
    assert word not in console.file.getvalue()  # type: ignore[attr-defined]
    at_work = frame(copied(run, tmp_path, "trained", 3))
    assert at_work.now is not None
    assert word not in text_of(drawn_frame(at_work))


def test_a_summary_says_that_there_are_no_changes_and_no_chooser(run: Run) -> None:
    assert (run.summary()["accepted"], run.summary()["chooser"]) == (None, "")

"""The latest candidates of a run, and their table: changes with verdicts, or what was tried where none is a change."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from valpnas import catalog
from valpnas.contracts.entry import Entry
from valpnas.report.summary import history
from valpnas.run_files import read_begun_run_file
from valpnas.search.kinds import search_class
from valpnas.store.problems import read_problem
from valpnas.store.run_directory import RunDirectory

Row = Mapping[str, Any]

# By name: the folder knows of what such a search tries, and uses this one.
_READ = Entry("latest", "latest candidates of rounds", "valpnas.report.popnas.latest:reader")
_DRAWN = Entry("latest", "table of latest candidates of rounds", "valpnas.report.popnas.latest:drawer")


def latest(run: RunDirectory, last: int) -> list[dict[str, Any]]:
    """Return a row for each of the ``last`` candidates of which is known what came of them, as plain data.

    Of a search that trains one network per candidate ``report.popnas.latest`` says what is in a row; of another search
    the rows are those of ``history``.

    Raises:
        StoreError: the run cannot be read.
    """
    if last < 1:
        return []
    if not search_class(read_begun_run_file(run.path).search).trains_cells:
        return [row for row in history(run) if row["verdict"] or row.get("failure")][-last:]
    read: Callable[..., list[dict[str, Any]]] = catalog.load(_READ)
    return read(run, read_problem(run.path), last)


def latest_table(search: str, rows: Sequence[Row]) -> Table:
    """Return the table of ``rows``, which are of the search of this name."""
    if not search_class(search).trains_cells:
        return step_table(rows)
    draw: Callable[[Sequence[Row]], Table] = catalog.load(_DRAWN)
    return draw(rows)


def step_table(steps: Sequence[Row]) -> Table:
    """Return one row per candidate: what was tried, what came of it, and the reason in words."""
    table = Table(title="latest steps", title_justify="left")
    for column in ("candidate", "change", "verdict", "why"):
        table.add_column(column, overflow="fold")
    for step in steps:
        what = step["variant"] or {"start": "start", "continue": "train further"}[step["origin"]]
        lost = step["origin"] == "start" and step["verdict"] == "rejected" and not step.get("failure")
        reason = step["reason"] or ("another start was better" if lost else "")
        table.add_row(str(step["candidate"]), what, Text(step.get("failure") or step["verdict"]), Text(reason))
    return table

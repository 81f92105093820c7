"""The rounds of a search that trains one network per candidate, and their table; none for another search."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich.table import Table

from valpnas import catalog
from valpnas.config import RunConfig
from valpnas.contracts.entry import Entry
from valpnas.search.kinds import search_class
from valpnas.store.run_directory import RunDirectory

Row = Mapping[str, Any]

# By name: the folder knows of what such a search tries, and uses this one.
_READ = Entry("rounds", "rounds, read from a journal", "valpnas.report.popnas.rounds:reader")


def rounds(run: RunDirectory, config: RunConfig, problem: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a row per round as plain data (``report.popnas.rounds`` says what is in it); none for another search."""
    if not search_class(config.search).trains_cells:
        return []
    read: Callable[..., list[dict[str, Any]]] = catalog.load(_READ)
    return read(run, problem)


def round_table(rows: Sequence[Row]) -> Table:
    """Return one row per round; what was expected is compared with what came, before it was trained on."""
    title = "rounds: scores (higher is better), seconds of training (on a CPU processor time), errors of the predictors"
    table = Table(title=title, title_justify="left")
    predicted = list(dict.fromkeys(name for row in rows for name in row["errors"]))
    heads = (f"{name}: {what}" for name in predicted for what in ("MAPE", "Spearman"))
    for column in ("round", "trained", "failed", "seconds", "best", "mean of best 5", *heads):
        table.add_column(column, justify="right")
    for row in rows:
        told = (str(row["round"]), str(row["trained"]), str(row["failed"]), f"{row['seconds']:.1f}")
        errors = (text for name in predicted for text in _errors(row["errors"].get(name, {})))
        table.add_row(*told, _number(row["best"]), _number(row["top5"]), *errors)
    return table


def _errors(errors: Mapping[str, float | None]) -> tuple[str, str]:
    wrong = errors.get("mape")
    return "-" if wrong is None else f"{wrong:.1f} %", _number(errors.get("spearman"))


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"

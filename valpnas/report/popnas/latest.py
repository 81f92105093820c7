"""The latest cells of a search, and their table: what each is, why it was trained, what was expected and what came."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from valpnas.cells.text import write_cell
from valpnas.contracts.job import Result
from valpnas.report.popnas.results import SCORE, measured, results_of
from valpnas.search.popnas.networks import cell_of
from valpnas.store.run_directory import RunDirectory

Row = Mapping[str, Any]


def reader() -> Callable[[RunDirectory, Mapping[str, Any], int], list[dict[str, Any]]]:
    """Return ``read_latest``, for who reaches it by name."""
    return read_latest


def drawer() -> Callable[[Sequence[Row]], Table]:
    """Return ``cell_table``, for who reaches it by name."""
    return cell_table


def read_latest(run: RunDirectory, problem: Mapping[str, Any], last: int) -> list[dict[str, Any]]:
    """Return a row for each of the ``last`` cells that have a result.

    ``score`` is that on validation rows, None where ``failure`` says why there is none; ``expected`` what it was
    expected to be, None where nothing was. ``seconds`` are those of the training batches.

    Raises:
        StoreError: a graph cannot be read, or the journal contradicts itself.
    """
    output = problem["outputs"][0]["name"]
    return [_row(run, result, output) for result in results_of(run)[-last:]]


def cell_table(rows: Sequence[Row]) -> Table:
    """Return one row per cell; what was expected has a column where anything was."""
    title = "latest cells: score on validation rows, seconds of training (on a CPU processor time)"
    table = Table(title=title, title_justify="left")
    expects = any(row["expected"] is not None for row in rows)
    table.add_column("candidate")
    table.add_column("cell", overflow="fold")
    for column in ("score", *(["expected"] if expects else []), "seconds"):
        table.add_column(column, justify="right")
    table.add_column("why")
    for row in rows:
        scores = [_number(row["score"]), *([_number(row["expected"])] if expects else [])]
        why = row["reason"] + (f", failed: {row['failure']}" if row["failure"] else "")
        table.add_row(str(row["candidate"]), Text(row["text"]), *scores, f"{row['seconds']:.1f}", Text(why))
    return table


def _row(run: RunDirectory, result: Result, output: str) -> dict[str, Any]:
    return {
        "candidate": result.candidate,
        "text": write_cell(cell_of(run.valp(result.candidate))),
        "score": None if result.failed else measured(result, SCORE, output),
        "expected": result.record.estimates.get(SCORE),
        "seconds": result.seconds.get("training", 0.0),
        "reason": result.record.reason,
        "failure": result.reason if result.failed else "",
    }


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"

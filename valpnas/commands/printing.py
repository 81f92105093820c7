"""What commands print: a run, where its page is, and tables."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from valpnas.opened_run import Run


_WIDTH = 120  # of output that is no terminal and whose width nobody has set: a folded table cannot be read


def console() -> Console:
    """Return what prints tables: as wide as the terminal, and wide enough where there is none."""
    from rich.console import Console

    made = Console()
    return made if made.is_terminal or "COLUMNS" in os.environ else Console(width=_WIDTH)


def print_run(made: Run, as_json: bool, last: int = 0) -> None:
    """Print a run: its front, and the ``last`` candidates with their reasons."""
    if as_json:
        typer.echo(json.dumps(made.summary(), indent=1))
        return
    from valpnas.report.terminal import print_summary

    print_summary(made.summary(), made.latest(last), console(), made.networks() if last else [])


def print_report(made: Run, quiet: bool) -> None:
    """Say where the run's page is, if this command wrote it: an older one does not show what was done now."""
    if not quiet and made.page is not None:
        typer.echo(f"report: {made.page}")


def print_rows(rows: list[dict[str, Any]], as_json: bool, empty: str) -> None:
    """Print rows as a table with their keys as heads, or as JSON; ``empty`` is said when there are none."""
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
        return
    if not rows:
        typer.echo(empty)
    heads = {key: key for key in rows[0]} if rows else {}
    widths = {key: max(len(str(row[key])) for row in [heads, *rows]) for key in heads}
    for row in [heads, *rows] if rows else []:
        typer.echo("  ".join(str(value).ljust(widths[key]) for key, value in row.items()).rstrip())

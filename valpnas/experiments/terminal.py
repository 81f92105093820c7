"""The terminal report of a comparison: tables first, then what must be known to believe them."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from valpnas.experiments.tables import Table

_LEAST_WIDTH = 170  # of output that is no terminal: a folded table cannot be read


def print_comparison(tables: Sequence[Table], sentences: Sequence[str]) -> None:
    """Print the tables, and below them what must be known before believing them."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=_LEAST_WIDTH)
    for table in tables:
        if table.rows:
            console.print(_rich(table))
    for sentence in sentences:
        console.print(Text(f"* {sentence}"), soft_wrap=True)


def _rich(table: Table) -> RichTable:
    made = RichTable(title=table.title, title_justify="left", box=box.SIMPLE_HEAD)
    for i, column in enumerate(table.columns):
        made.add_column(column, justify="left" if i < table.words else "right")
    for row in table.rows:
        made.add_row(*(Text(cell) for cell in row))
    return made

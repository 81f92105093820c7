"""Options that several commands share, and messages to the person who gave them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer


def option(text: str, *names: str, **more: Any) -> Any:
    """Return an option that shows no default, for its default is whatever the file says."""
    return typer.Option(*names, help=text, show_default=False, **more)


def _that_exists(folder: Path | None) -> Path | None:
    from valpnas.contracts.data_files import named_folder

    return named_folder(folder)


RunPath = Annotated[Path, typer.Argument(metavar="RUN", help="A run directory.", show_default=False)]
Target = Annotated[
    str, typer.Argument(metavar="PROBLEM|FILE.toml", help="A problem's name or a run file.", show_default=False)
]
CellText = Annotated[
    str,
    typer.Argument(
        metavar="CELL",
        help="Such as \"[(-2, '3x3 conv', -1, '2x2 maxpool')]\"; docs/cells.md says how it is written.",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
DataDir = Annotated[Path | None, option("Folder with data files.", envvar="VALPNAS_DATA", callback=_that_exists)]
Executor = Annotated[str | None, option("Where candidates train: serial, processes, shared or ray[://HOST:PORT].")]
Workers = Annotated[int | None, option("How many at a time; 0: one per core.")]
ASYNCHRONOUS = "Use every worker all the time; the result then depends on their speed."
Quiet = Annotated[bool | None, option("No progress bar, no messages.", "--quiet", "-q")]


def say(quiet: bool) -> Callable[[str], None]:
    """Return how to speak to a person: on stderr, so that --json leaves stdout to the data."""
    return (lambda _: None) if quiet else _beside_bars


def _beside_bars(message: str) -> None:
    """Print a line on stderr, where a progress bar may be: it is drawn anew below the line."""
    from tqdm import tqdm

    tqdm.write(message, file=sys.stderr)

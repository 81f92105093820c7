"""The page: an experiment as one HTML file with its figures inside."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from importlib.resources import files

from jinja2 import Environment, StrictUndefined

from valpnas.experiments.tables import Table


def page(
    title: str,
    headlines: Sequence[str],
    notes: Sequence[str],
    tables: Sequence[Table],
    figures: Sequence[tuple[str, bytes]],
    command: str,
) -> str:
    """Return the HTML; every text is escaped; each figure is a PNG behind its caption."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(files("valpnas.experiments").joinpath("page.html").read_text(encoding="utf-8"))
    return template.render(
        title=title,
        headlines=headlines,
        notes=notes,
        tables=[table for table in tables if table.rows],
        figures=[(caption, b64encode(png).decode("ascii")) for caption, png in figures],
        command=command,
    )

"""The page: a comparison as one HTML file with its figures inside."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from importlib.resources import files

from jinja2 import Environment, StrictUndefined

from valpnas.experiments.tables import Table

_CAPTIONS = {
    "hypervolume": "Hypervolume over batches and over seconds: mean over the pairs and one standard deviation. "
    "Validation chooses the front, test reports that front.",
    "fronts-pairwise": "Points in the common Pareto front of each pair's runs, as in Figure 8 of the paper. The count "
    "is no measure of quality: a lucky run or much wandering fills a front.",
    "fronts-pooled": "Points in the common Pareto front of all runs of all pairs, as in Figure 9 of the paper.",
}


def page(
    title: str,
    headlines: Sequence[str],
    notes: Sequence[str],
    tables: Sequence[Table],
    figures: Mapping[str, bytes],
    command: str,
) -> str:
    """Return the HTML; every text is escaped."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(files("valpnas.experiments").joinpath("page.html").read_text(encoding="utf-8"))
    return template.render(
        title=title,
        headlines=headlines,
        notes=notes,
        tables=[table for table in tables if table.rows],
        figures=[(_CAPTIONS[name], b64encode(png).decode("ascii")) for name, png in figures.items()],
        command=command,
    )

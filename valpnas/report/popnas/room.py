"""What the page of a search of cells shows beside that of any run, gathered for its template."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from valpnas.config import RunConfig
from valpnas.report.figure import Figure
from valpnas.report.popnas.best import BestCell, best_cells
from valpnas.report.popnas.expected import agreement_chart, errors_chart, fronts_chart, outlook_chart
from valpnas.report.popnas.influence import influence_chart
from valpnas.report.popnas.refitting import Outlook, outlook
from valpnas.report.popnas.results import predicted
from valpnas.report.popnas.rounds import BEST
from valpnas.report.popnas.scores import costs_chart, rounds_chart, scores_chart
from valpnas.report.popnas.tried_cells import TriedCell, TriedCells
from valpnas.report.popnas.usage import usage_chart
from valpnas.store.run_directory import RunDirectory
from valpnas.store.test_objectives import read_test_objectives


@dataclass(frozen=True)
class CellsShown:
    """What the template needs beside charts: ``names`` are those of estimates, ``predicted`` those that may err."""

    best: Sequence[BestCell]
    tried: Sequence[TriedCell]
    names: Sequence[str]
    predicted: Sequence[str]
    weighed: Sequence[str]
    outlook: Outlook | None
    settings: Mapping[str, Any]


def furnisher() -> Callable[..., tuple[CellsShown, dict[str, Figure]]]:
    """Return ``furnished``, for who reaches it by name."""
    return furnished


def furnished(
    run: RunDirectory, config: RunConfig, summary: Mapping[str, Any], problem: Mapping[str, Any]
) -> tuple[CellsShown, dict[str, Figure]]:
    """Return what the template needs, and its charts.

    Raises:
        StoreError: a graph cannot be read, or the journal contradicts itself.
    """
    cells = TriedCells.of(run, config, problem)
    ahead = outlook(cells)
    names = list(dict.fromkeys(name for each in cells.all for name in each.estimates))
    best = best_cells(cells, BEST, read_test_objectives(run.path))
    asked = config.cell_search
    settings = {"score": asked.score_predictor, "cost": asked.cost_predictor, "most": asked.children}
    shown = CellsShown(best, cells.all, names, predicted(names), cells.weighed, ahead, settings)
    return shown, {**_figures(cells, summary["rounds"]), **_expected(cells, summary["rounds"], ahead)}


def _figures(cells: TriedCells, rows: Sequence[Mapping[str, Any]]) -> dict[str, Figure]:
    """Return the charts that every search of cells has."""
    figures = {"scores": scores_chart(cells), "costs": costs_chart(cells), "usage": usage_chart(cells)}
    return {**figures, **({"rounds": rounds_chart(rows)} if len(rows) > 1 else {})}


def _expected(cells: TriedCells, rows: Sequence[Mapping[str, Any]], ahead: Outlook | None) -> dict[str, Figure]:
    """Return the charts of a search that expects something of cells before it trains them."""
    figures: dict[str, Figure] = {}
    if cells.expected:
        figures |= {"agreement": agreement_chart(cells), "errors": errors_chart(rows)}
    if cells.weighed:
        figures["fronts"] = fronts_chart(cells)
    if cells.weighed and ahead:
        figures["outlook"] = outlook_chart(cells, ahead)
    for name, influence in (ahead.influences if ahead else {}).items():
        figures[f"influence-{name}"] = influence_chart(influence, name)
    return figures

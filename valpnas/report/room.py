"""A room of a run's page: what one kind of search adds to it, and which template shows that."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from valpnas import catalog
from valpnas.config import RunConfig
from valpnas.contracts.entry import Entry
from valpnas.report.family import family_tree
from valpnas.report.figure import Figure
from valpnas.report.generations import generation_chart
from valpnas.report.steps import Step
from valpnas.search.kinds import search_class
from valpnas.store.run_directory import RunDirectory

CHANGES, ROUNDS = "changes.html", "popnas/page.html"

# By name: the folder knows of what such a search tries, and uses this one.
_FURNISHED = Entry("rounds", "data and charts of rounds", "valpnas.report.popnas.room:furnisher")


@dataclass(frozen=True)
class Room:
    """``template`` extends ``page.html``; ``data`` are for it alone, ``figures`` charts by the name of their place."""

    template: str = CHANGES
    data: Any = None
    figures: Mapping[str, Figure] = field(default_factory=dict)


def room_of(
    run: RunDirectory, config: RunConfig, summary: Mapping[str, Any], problem: Mapping[str, Any], steps: Sequence[Step]
) -> Room:
    """Return the room of the search of ``run``, with nothing in it while nothing has been trained.

    Raises:
        StoreError: a graph cannot be read, or the journal contradicts itself.
    """
    trains_cells = search_class(config.search).trains_cells
    if not summary["front"]:
        return Room(ROUNDS if trains_cells else CHANGES)
    if trains_cells:
        furnished: Callable[..., tuple[Any, dict[str, Figure]]] = catalog.load(_FURNISHED)
        return Room(ROUNDS, *furnished(run, config, summary, problem))
    figures = {"family": family_tree(steps, problem["ideal"])}
    if summary["generations"]:
        figures["generations"] = generation_chart(summary["generations"])
    return Room(CHANGES, None, figures)

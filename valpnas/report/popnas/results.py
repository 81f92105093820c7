"""Results of a search of cells, from its journal, and what of them is compared with what was expected."""

from __future__ import annotations

from collections.abc import Iterable

from valpnas.cells.exact_costs import FIGURES
from valpnas.contracts.job import Result
from valpnas.store.replay import Asked
from valpnas.store.run_directory import RunDirectory

SCORE = "score"
Errors = dict[str, dict[str, float | None]]


def asks_of(run: RunDirectory) -> list[Asked]:
    """Return every ask of the journal in order, one that is still out among them.

    Raises:
        StoreError: the journal contradicts itself.
    """
    replay = run.replay()
    return [*replay, *replay.open.values()]


def results_of(run: RunDirectory) -> list[Result]:
    """Return the results there are, in order of their candidates; raises as ``asks_of`` does."""
    return [result for asked in asks_of(run) for result in asked.told()]


def round_of(blocks: int) -> int:
    """Return the round in which a cell of so many blocks is trained: the empty cell is trained in the first."""
    return max(1, blocks)


def measured(result: Result, name: str, output: str) -> float:
    """Return what came of what had been estimated under ``name``: a score, or a cost that has to be measured."""
    if name == SCORE:
        return 1 - result.objectives[output]
    return result.seconds["training"] if name == "seconds" else result.objectives[name]


def predicted(names: Iterable[str]) -> list[str]:
    """Return those of the ``names`` of estimates that are predicted, the score first: others are exact."""
    known = [name for name in names if name not in FIGURES]
    return sorted(known, key=lambda name: (name != SCORE, name))

"""The rounds of a search of cells as plain data: what was trained, how good it was, how wrong the predictors were."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from typing import Any

from valpnas.contracts.job import Result
from valpnas.predictors.cells.quality import mape, spearman
from valpnas.report.popnas.results import SCORE, Errors, measured, predicted, results_of, round_of
from valpnas.store.run_directory import RunDirectory

BEST = 5  # scores of which a round's mean is told, as in the papers


def reader() -> Callable[[RunDirectory, Mapping[str, Any]], list[dict[str, Any]]]:
    """Return ``read_rounds``, for who reaches it by name."""
    return read_rounds


def read_rounds(run: RunDirectory, problem: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a row per round that has a result.

    ``trained`` and ``failed`` are candidates, ``seconds`` those of all their training batches, ``best`` the best score
    and ``top5`` the mean of the best five, None where none could be trained. ``errors`` has, for the score and for each
    predicted cost, ``mape`` in percent and ``spearman`` of what was expected of the round's cells before they were
    trained; it is empty where nothing was expected, and a measure that is not defined is None.

    Raises:
        StoreError: the journal contradicts itself.
    """
    output, results = problem["outputs"][0]["name"], results_of(run)
    numbers = sorted({round_of(result.record.round) for result in results})
    return [_row(number, [r for r in results if round_of(r.record.round) == number], output) for number in numbers]


def _row(number: int, results: Sequence[Result], output: str) -> dict[str, Any]:
    trained = [result for result in results if not result.failed]
    scores = sorted((measured(result, SCORE, output) for result in trained), reverse=True)
    return {
        "round": number,
        "trained": len(trained),
        "failed": len(results) - len(trained),
        "seconds": round(sum(result.seconds.get("training", 0.0) for result in results), 3),
        "best": scores[0] if scores else None,
        "top5": sum(scores[:BEST]) / len(scores[:BEST]) if scores else None,
        "errors": _errors([result for result in trained if result.record.estimates], output),
    }


def _errors(results: Sequence[Result], output: str) -> Errors:
    names = predicted({name for result in results for name in result.record.estimates})
    errors: Errors = {}
    for name in names:
        pair = ([r.record.estimates[name] for r in results], [measured(r, name, output) for r in results])
        errors[name] = {"mape": _finite(mape(*pair)), "spearman": _finite(spearman(*pair))}
    return errors


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None

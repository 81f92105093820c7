"""cell_predictors: how fast the predictors of cells are and, given trained cells, how good.

    python benchmarks/cell_predictors.py --json predictors.json
    python benchmarks/cell_predictors.py --cells trained.csv

Speed is that of 12 operations, two lookbacks and cells of five blocks: the ensemble of LSTMs, and features with each
cost predictor, each fitted to 500 cells. It is processor time on one core, the best of a few rounds. Exits with 1 when
the ensemble does fewer candidates a second than --least.

With --cells the quality is that of Table 1 of POPNASv2: each predictor is fitted to the cells of fewer than b blocks
and asked for those of b. The CSV has the columns cell, score (0 to 1) and seconds; among its cells are the empty one
and [(-1, o, -1, o)] of each operation o, from which the reindex comes.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from valpnas import catalog
from valpnas.cells.block import Block, Cell
from valpnas.cells.canonical import canonical
from valpnas.cells.cell_space import CellSpace
from valpnas.cells.encoding import Cells, block_count, encode
from valpnas.cells.expansion import expand, one_block_cells
from valpnas.cells.features import time_features
from valpnas.cells.text import read_cell, write_cell
from valpnas.contracts.entry import Entry
from valpnas.errors import ValpnasError
from valpnas.predictors.cells import COST_PREDICTORS, SCORE_PREDICTORS
from valpnas.predictors.cells.contracts import CostPredictor, FittedCost, ScorePredictor
from valpnas.predictors.cells.quality import mape, spearman
from valpnas.seeding import stream

Floats = NDArray[np.float64]
Predict = Callable[[], Floats]
T = TypeVar("T")

SPACE = CellSpace(
    (
        *("identity", "3x3 dconv", "5x5 dconv", "7x7 dconv", "1x3-3x1 conv", "1x5-5x1 conv"),
        *("1x7-7x1 conv", "1x1 conv", "3x3 conv", "5x5 conv", "2x2 maxpool", "2x2 avgpool"),
    )
)
REINDEX = np.linspace(0.05, 1.0, len(SPACE.operations))


@dataclass(frozen=True, eq=False)
class Trained:
    """Trained cells: encodings ``(n, blocks, 4)``, and what they reached and took, ``(n,)`` each."""

    space: CellSpace
    cells: Cells
    scores: Floats
    seconds: Floats
    reindex: Floats


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", type=Path, help="CSV of trained cells: measure quality instead of speed")
    parser.add_argument("--positions", type=int, default=8, help="cells in a network, M (N + 1) - 1")
    parser.add_argument("--fitted", type=int, default=500, help="cells that predictors are fitted to for speed")
    parser.add_argument("--asked", type=int, default=20_000, help="candidates that are predicted for speed")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--least", type=float, default=15_000, help="candidates a second of the LSTM ensemble")
    parser.add_argument("--without", nargs="*", default=[], help="predictors to leave out")
    parser.add_argument("--json", type=Path, help="write the figures there as well")
    asked = parser.parse_args()
    try:
        sys.exit(_quality(asked) if asked.cells else _speed(asked))
    except ValpnasError as error:
        sys.exit(str(error))


def _entries(table: Sequence[Entry], without: Sequence[str]) -> list[Entry]:
    """Return the predictors that can be measured here, and say which cannot."""
    found = [entry for entry in table if entry.name not in without]
    if find_spec("catboost") is None and any(entry.name == "catboost" for entry in found):
        print("catboost is not installed, and left out")
        found = [entry for entry in found if entry.name != "catboost"]
    return found


def _quality(asked: argparse.Namespace) -> int:
    trained = read(asked.cells)
    counts = block_count(trained.cells)
    rounds = [int(b) for b in np.unique(counts) if b > 1]
    features = time_features(trained.space, trained.cells, trained.reindex, asked.positions)
    rows: dict[str, dict[str, list[float]]] = {}
    print("| predictor | " + " | ".join(f"{m} b={b}" for m in ("MAPE %", "Spearman") for b in rounds) + " |")
    print("| --- " * (1 + 2 * len(rounds)) + "|")
    for entry in [*_entries(SCORE_PREDICTORS, asked.without), *_entries(COST_PREDICTORS, asked.without)]:
        errors, ranks = [], []
        for b in rounds:
            predicted, measured = _predicted(entry, trained, features, counts < b, counts == b)
            errors.append(mape(predicted, measured))
            ranks.append(spearman(predicted, measured))
        print(f"| {entry.name} | " + " | ".join([*(f"{e:.3f}" for e in errors), *(f"{r:.3f}" for r in ranks)]) + " |")
        rows[entry.name] = {"mape": errors, "spearman": ranks}
    _write(asked.json, {"blocks": rounds, "cells": [int((counts == b).sum()) for b in rounds], "quality": rows})
    return 0


def _predicted(
    entry: Entry, trained: Trained, features: Floats, known: NDArray[np.bool_], held: NDArray[np.bool_]
) -> tuple[Floats, Floats]:
    """Return what is predicted and was measured of the cells ``held``."""
    rng = stream(0, entry.name)
    if entry in SCORE_PREDICTORS:
        score: ScorePredictor = catalog.load(entry, ScorePredictor)
        fitted = score.fit(trained.space, trained.cells[known], trained.scores[known], rng)
        return fitted.predict(trained.cells[held]), trained.scores[held]
    cost: CostPredictor = catalog.load(entry, CostPredictor)
    return cost.fit(features[known], trained.seconds[known], rng).predict(features[held]), trained.seconds[held]


def read(path: Path) -> Trained:
    """Return the cells of a CSV; raises ``ValpnasError`` when it lacks something."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    if not rows or {"cell", "score", "seconds"} - {*rows[0]}:
        raise ValpnasError(f"{path}: expected rows with the columns cell, score, seconds, got {[*(rows or [{}])[0]]}")
    cells = [read_cell(row["cell"]) for row in rows]
    space = CellSpace(
        tuple(sorted({operation for cell in cells for block in cell.blocks for operation in block.operations})),
        tuple(sorted({back for cell in cells for back in cell.lookbacks})),
        max(len(cell.blocks) for cell in cells),
    )
    seconds = np.array([float(row["seconds"]) for row in rows])
    scores = np.array([float(row["score"]) for row in rows])
    return Trained(space, encode(space, cells), scores, seconds, _reindex(path, space, cells, seconds))


def _reindex(path: Path, space: CellSpace, cells: Sequence[Cell], seconds: Floats) -> Floats:
    """Return ``(operations,)``: what each takes beyond the empty cell, as a share of the most (POPNASv3 3.2.2)."""
    took = {canonical(cell): each for cell, each in zip(cells, seconds, strict=True)}
    wanted = [Cell(()), *(canonical(Cell((Block(-1, o, -1, o),))) for o in space.operations)]
    if lacking := [write_cell(cell) for cell in wanted if cell not in took]:
        raise ValpnasError(f"{path}: expected the cells that the reindex comes from, got none of {', '.join(lacking)}")
    beyond = np.abs(np.array([took[cell] for cell in wanted[1:]]) - took[wanted[0]])
    return np.asarray(beyond / max(beyond.max(), np.finfo(float).tiny))


def _speed(asked: argparse.Namespace) -> int:
    known, candidates = made_up(asked.fitted), made_up_last(asked.asked)
    features = time_features(SPACE, known, REINDEX, asked.positions)
    costs, scores = features[:, 1] * features[:, 2], np.clip(features[:, 2] / 10, 0, 1)
    figures: dict[str, dict[str, float]] = {}
    print(f"{len(candidates):,} candidates of {SPACE.blocks} blocks, predictors fitted to {len(known)} cells, one core")
    for entry in _entries(SCORE_PREDICTORS, asked.without):
        score: ScorePredictor = catalog.load(entry, ScorePredictor)
        took, fitted = timed(partial(score.fit, SPACE, known, scores, stream(0, "fit")))
        rate = _rate(partial(fitted.predict, candidates), asked)
        figures[entry.name] = _shown(entry.name, took, rate)
    for entry in _entries(COST_PREDICTORS, asked.without):
        cost: CostPredictor = catalog.load(entry, CostPredictor)
        took, line = timed(partial(cost.fit, features, costs, stream(0, "fit")))
        figures[entry.name] = _shown(entry.name, took, _rate(partial(_costs, line, candidates, asked.positions), asked))
    _write(asked.json, {"candidates": len(candidates), "fitted": len(known), "speed": figures})
    return int(figures.get("lstm", {"per second": np.inf})["per second"] < asked.least)


def made_up(count: int) -> Cells:
    """Return cells such as a search has trained before its last step: all of one block, as many as there are, then
    equally many of two, three and four.
    """
    rng, alive = stream(0, "made up"), one_block_cells(SPACE)
    found = [alive[: max(1, 3 * count // 5)]]
    for blocks in (2, 3, 4):
        alive = rng.permutation(expand(SPACE, rng.permutation(alive)[:64]))[: max(128, count)]
        left = (count - sum(map(len, found))) // (5 - blocks)
        found.append(alive[:left])
    return np.concatenate([np.pad(part, ((0, 0), (0, SPACE.blocks - part.shape[1]), (0, 0))) for part in found])


def made_up_last(count: int) -> Cells:
    """Return candidates of as many blocks as there can be, children of few parents as in a search."""
    rng, alive = stream(0, "candidates"), one_block_cells(SPACE)
    while alive.shape[1] < SPACE.blocks:
        alive = expand(SPACE, rng.permutation(alive)[:64])
    return rng.permutation(alive)[:count]


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """Return the processor seconds of ``work``, and what it returned."""
    started = time.process_time()
    made = work()
    return time.process_time() - started, made


def _costs(line: FittedCost, candidates: Cells, positions: int) -> Floats:
    return line.predict(time_features(SPACE, candidates, REINDEX, positions))


def _rate(predict: Predict, asked: argparse.Namespace) -> float:
    predict()  # whatever a library does when it is first used
    return float(asked.asked / min(timed(predict)[0] for _ in range(asked.repeats)))


def _shown(name: str, fit: float, rate: float) -> dict[str, float]:
    print(f"  {name:20}{fit:8.1f} s to fit{rate:14,.0f} candidates a second")
    return {"seconds to fit": fit, "per second": rate}


def _write(path: Path | None, figures: object) -> None:
    if path:
        path.write_text(json.dumps(figures, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()

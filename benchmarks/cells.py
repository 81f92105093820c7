"""cells: how many candidate cells a second POPNAS can make, tell apart, describe and rank, predictors aside.

    python benchmarks/cells.py --json cells.json

A step of the search with 128 parents of four blocks, twelve operations and two lookbacks: 336,384 children. Each part
is timed in turn, over and over, and the medians are printed: processor time, so that other work on the machine matters
less. "blocks alike" are the keys of the children of parents in which two blocks that are read compute the same, which
have to be tried in every order. Exits with 1 when the parts together do fewer candidates a second than --least.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from valpnas.cells.canonical import canonical_keys
from valpnas.cells.cell_space import CellSpace
from valpnas.cells.encoding import Cells
from valpnas.cells.expansion import expand, one_block_cells
from valpnas.cells.features import FEATURES, Floats, time_features
from valpnas.cells.front import pareto_front
from valpnas.seeding import stream

SPACE = CellSpace(
    (
        *("identity", "3x3 dconv", "5x5 dconv", "7x7 dconv", "1x3-3x1 conv", "1x5-5x1 conv"),
        *("1x7-7x1 conv", "1x1 conv", "3x3 conv", "5x5 conv", "2x2 maxpool", "2x2 avgpool"),
    )
)
REINDEX = np.linspace(0.05, 1.0, len(SPACE.operations))
POSITIONS = 8  # three motifs with two normal cells each
MOST = 128  # cells that a step trains


def parents(count: int) -> Cells:
    """Return random cells of one block less than the space allows, grown as the search grows them."""
    rng = stream(0, "parents")
    cells = one_block_cells(SPACE)
    while cells.shape[1] < SPACE.blocks - 1:
        cells = expand(SPACE, rng.choice(cells, count, replace=False))
    return rng.choice(cells, count, replace=False)


def alike(cells: Cells) -> Cells:
    """Return the cells with two first blocks that compute the same, each read by both of the others."""
    made = cells.copy()
    made[:, 1] = made[:, 0]
    made[:, 2:, 0::2] = SPACE.first_block, SPACE.first_block + 1
    return made


def estimates(features: Floats) -> tuple[Floats, Floats]:
    """Return scores and times such as predictors would: heavier cells better, slower, and not in one line."""
    of = dict(zip(FEATURES, features.T, strict=True))
    noise = stream(0, "estimates").normal(0.0, 0.05, len(features))
    return 1.0 - np.exp(-of["op_score"]) + noise, of["op_score"] * of["cells"] + 0.1 * of["concat_inputs"]


def work(count: int) -> dict[str, Callable[[], object]]:
    """Return what is timed, by name."""
    start = parents(count)
    children, twins = expand(SPACE, start), expand(SPACE, alike(start))
    scores, times = estimates(time_features(SPACE, children, REINDEX, POSITIONS))
    keys = canonical_keys(SPACE, children)

    def together() -> object:
        made = expand(SPACE, start)
        time_features(SPACE, made, REINDEX, POSITIONS)
        return pareto_front(scores, times, canonical_keys(SPACE, made), MOST)

    return {
        "expansion": lambda: expand(SPACE, start),
        "canonical keys": lambda: canonical_keys(SPACE, children),
        "time features": lambda: time_features(SPACE, children, REINDEX, POSITIONS),
        "Pareto front": lambda: pareto_front(scores, times, keys, MOST),
        "together": together,
        "keys, blocks alike": lambda: canonical_keys(SPACE, twins),
    }


def seconds(work: Callable[[], object]) -> float:
    """Return the processor seconds of ``work``."""
    started = time.process_time()
    work()
    return time.process_time() - started


def medians(parts: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Return the median seconds of each part, all parts taking turns."""
    rounds = [{name: seconds(part) for name, part in parts.items()} for _ in range(repeats)]
    return {name: statistics.median(took[name] for took in rounds) for name in parts}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parents", type=int, default=128)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--least", type=float, default=200_000, help="candidates a second of all parts together")
    parser.add_argument("--json", type=Path, help="write the figures there as well")
    asked = parser.parse_args()
    parts = work(asked.parents)
    parts["together"]()  # whatever a library does when it is first used
    count = len(expand(SPACE, parents(asked.parents)))
    rates = {name: count / took for name, took in medians(parts, asked.repeats).items()}
    print(f"{count:,} candidates of {SPACE.blocks} blocks, median of {asked.repeats}")
    for name, rate in rates.items():
        print(f"  {name:20}{1e9 / rate:10.0f} ns each{rate:14,.0f} a second")
    if asked.json:
        asked.json.write_text(json.dumps({"candidates": count, "per second": rates}, indent=2), encoding="utf-8")
    sys.exit(int(rates["together"] < asked.least))


if __name__ == "__main__":
    main()

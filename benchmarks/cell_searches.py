"""cell_searches: what searches of cells trained, how long it took and how good it is, as Tables 4 to 6 of POPNASv3.

    valpnas compare runs/cells-ecg.toml --workers 1 --out ecg
    python benchmarks/cell_searches.py ecg/runs/* --csv cells.csv

Seconds are those of training batches. Top-1 and top-5 are scores on validation rows: the best, and the mean of the best
five. The test accuracy is that of the best cell, trained no further. Means over the runs of a search.

Fronts are counted as they were trained, up to K cells each. Where some had as many, the true median may be larger: "at
least".

Predictors are those of the last round, as fitted before it: on the cells of that round, which they chose themselves,
and on the random cells that ``cell-random`` trained, if there is such a run among them, and they did not.

``--csv`` writes every trained cell, for ``benchmarks/cell_predictors.py --cells``.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path
from statistics import mean, median
from typing import Any

from valpnas.cells.canonical import canonical
from valpnas.cells.encoding import encode
from valpnas.errors import ValpnasError
from valpnas.predictors.cells.quality import mape, spearman
from valpnas.report.popnas.refitting import last_predictors
from valpnas.report.popnas.results import SCORE
from valpnas.report.popnas.rounds import BEST
from valpnas.report.popnas.tried_cells import TriedCell, TriedCells
from valpnas.report.summary import summarise
from valpnas.run_files import read_begun_run_file
from valpnas.store.problems import read_problem
from valpnas.store.run_directory import RunDirectory

FIRST = 1


@dataclass(frozen=True, eq=False)
class SearchRun:
    """A run, the cells it trained, and its summary."""

    path: Path
    cells: TriedCells
    summary: dict[str, Any]

    @staticmethod
    def read(path: Path) -> SearchRun:
        """Read a run directory; raises ``ValpnasError`` when it is none."""
        run = RunDirectory(path)
        cells = TriedCells.of(run, read_begun_run_file(path), read_problem(path))
        return SearchRun(path, cells, summarise(run))

    @property
    def search(self) -> str:
        """The name of its search."""
        return self.cells.config.search

    @property
    def later(self) -> list[TriedCell]:
        """The cells of more than one block."""
        return [each for each in self.cells.trained if each.round > FIRST]

    @property
    def fronts(self) -> list[int]:
        """How many cells of the expected front each round trained, K where there were more; none without costs."""
        if not self.cells.weighed:
            return []
        rounds = {each.round for each in self.cells.expected}
        return [sum(each.round == number and each.reason == "front" for each in self.cells.all) for number in rounds]

    @property
    def test_accuracy(self) -> float:
        """The best cell's accuracy on test rows."""
        output = self.cells.networks.output
        best = min(self.summary["front"], key=lambda member: float(member["validation"][output]))
        return 1 - float(best["test"][output])


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs="+", help="run directories")
    parser.add_argument("--csv", type=Path, help="write all trained cells there")
    asked = parser.parse_args()
    try:
        runs = [SearchRun.read(path) for path in asked.runs]
        print("\n".join([*searches_told(runs), "", *predictors_told(runs)]))
        if asked.csv:
            write(asked.csv, runs)
    except ValpnasError as error:
        sys.exit(str(error))


def searches_told(runs: Sequence[SearchRun]) -> list[str]:
    """Return a row per search."""
    heads = ["search", "runs", "networks", "seconds", "of b >= 2: networks", "seconds", "front up to K, median", "K"]
    heads += ["top-1", "top-5", "test"]
    lines = [f"| {' | '.join(heads)} |", "|" + " --- |" * len(heads)]
    for name in dict.fromkeys(run.search for run in runs):
        own = [run for run in runs if run.search == name]
        fronts = [size for run in own for size in run.fronts]
        most = own[0].cells.config.cell_search.children
        cells = [
            name,
            str(len(own)),
            f"{mean(len(run.cells.trained) for run in own):.0f}",
            f"{mean(seconds(run.cells.trained) for run in own):,.0f}",
            f"{mean(len(run.later) for run in own):.0f}",
            f"{mean(seconds(run.later) for run in own):,.0f}",
            middle_of(fronts, most),
            str(most) if own[0].cells.expected else "",
            f"{mean(top(run, 1) for run in own):.4f}",
            f"{mean(top(run, BEST) for run in own):.4f}",
            f"{mean(run.test_accuracy for run in own):.4f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def middle_of(fronts: Sequence[int], most: int) -> str:
    """Return the median of fronts of which at most ``most`` cells were trained; nothing of none.

    A front of as many cells may have been any larger: "at least" where the median depends on that.
    """
    if not fronts:
        return ""
    known = median(size if size < most else inf for size in fronts) < inf
    return f"{'' if known else 'at least '}{median(fronts):g}"


def seconds(cells: Iterable[TriedCell]) -> float:
    """Return the seconds of all their training batches."""
    return sum(each.costs["seconds"] for each in cells)


def top(run: SearchRun, count: int) -> float:
    """Return the mean of the ``count`` best scores."""
    return mean(each.got(SCORE) for each in run.cells.best(count))


def predictors_told(runs: Sequence[SearchRun]) -> list[str]:
    """Return a row per search that predicts, and measure."""
    drawn = [each for run in runs if run.search == "cell-random" for each in run.cells.trained]
    lines = [
        "| search | predicted | last round: cells | MAPE % | Spearman | random: cells | MAPE % | Spearman |",
        "|" + " --- |" * 8,
    ]
    for run in (run for run in runs if run.cells.expected):
        own = {canonical(each.cell) for each in run.cells.trained}
        others = [each for each in drawn if canonical(each.cell) not in own]
        last = [each for each in run.cells.expected if each.round == run.cells.rounds[-1]]
        expectations = expected(run, others)
        for name in [SCORE, *run.cells.weighed]:
            chosen = errors([each.estimates[name] for each in last], [each.got(name) for each in last])
            random = errors(expectations.get(name, []), [each.got(name) for each in others])
            lines.append(f"| {run.search} | {name} | {len(last)} | {chosen} | {len(others)} | {random} |")
    return lines


def expected(run: SearchRun, cells: Sequence[TriedCell]) -> dict[str, Sequence[float]]:
    """Return by name what the predictors of the last round, fitted again, expect of other cells; nothing of none."""
    if not cells:
        return {}
    found = last_predictors(run.cells).estimate(encode(run.cells.networks.space, [each.cell for each in cells]))
    return {SCORE: found.scores.tolist(), **{name: values.tolist() for name, values in found.costs.items()}}


def errors(predicted: Sequence[float], measured: Sequence[float]) -> str:
    """Return both measures as cells of a table."""
    return f"{mape(predicted, measured):.1f} | {spearman(predicted, measured):.2f}"


def write(path: Path, runs: Sequence[SearchRun]) -> None:
    """Write a row per trained cell."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["search", "seed", "round", "reason", "cell", "score", "seconds"])
        for run in runs:
            for each in run.cells.trained:
                figures = (f"{each.got(SCORE):.6g}", f"{each.costs['seconds']:.4g}")
                writer.writerow([run.search, run.cells.config.seed, each.round, each.reason, each.text, *figures])


if __name__ == "__main__":
    main()

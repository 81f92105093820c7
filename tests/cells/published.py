"""The final cells that the paper prints (POPNASv3 Table 12), with the shapes of their data sets."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from valpnas.cells.block import Cell
from valpnas.cells.macro import Macro
from valpnas.cells.plan import NetworkPlan, plan_network
from valpnas.cells.text import read_cell


@dataclass(frozen=True)
class Published:
    """A row of the table; channels, length and classes are those of the data set."""

    dataset: str
    channels: int
    length: int
    classes: int
    macro: Macro
    millions: str
    text: str

    def plan(self, cell: Cell | None = None, length: int | None = None) -> NetworkPlan:
        """Return the plan of the network, or that of another cell or length in its place."""
        entry = (self.channels, length or self.length)
        return plan_network(cell or read_cell(self.text), self.macro, entry, self.classes)


def read_table() -> list[Published]:
    """Return every row; the final networks have a second exit."""
    with (Path(__file__).parent / "table12.tsv").open(encoding="utf-8", newline="") as file:
        return [_published(row) for row in csv.DictReader(file, delimiter="\t")]


def _published(row: dict[str, str]) -> Published:
    macro = Macro(int(row["filters"]), int(row["motifs"]), int(row["normal_cells"]), exits="two")
    shape = (int(row["channels"]), int(row["length"]), int(row["classes"]))
    return Published(row["dataset"], *shape, macro, row["parameters_in_millions"], row["cell"])

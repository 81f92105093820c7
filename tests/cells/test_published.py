"""The cells of POPNASv3 Table 12: each is read, built, trained and written; and do we count the parameters printed?"""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
import torch

from valpnas.cells.block import Cell
from valpnas.cells.initialise import initialise_units
from valpnas.cells.network import CellNetwork
from valpnas.cells.plan import NetworkPlan
from valpnas.cells.text import read_cell, write_cell

from .published import Published, read_table

TABLE = read_table()
# Their counts agree only if first inputs that the table prints as lookbacks were earlier blocks. None of its 49 cells
# has a block as a first input, though the search allows it: the column seems to have been printed wrongly.
OTHERWISE = {
    "CricketX",
    "CricketY",
    "DistalPhalanxOutlineCorrect",
    "EOGHorizontalSignal",
    "ElectricDevices",
    "FiftyWords",
    "HandOutlines",
    "MedicalImages",
    "NonInvasiveFetalECGThorax1",
    "NonInvasiveFetalECGThorax2",
    "PhalangesOutlinesCorrect",
    "Strawberry",
    "UWaveGestureLibraryX",
}


def agrees(row: Published, plan: NetworkPlan) -> bool:
    """Say whether the count, statistics included, is that of the table to its two digits."""
    return f"{plan.with_statistics / 1e6:.2f}" == row.millions


def test_parameters_are_those_of_the_table() -> None:
    assert len(TABLE) == 49
    assert {row.dataset for row in TABLE if not agrees(row, row.plan())} == OTHERWISE


@pytest.mark.parametrize("row", [row for row in TABLE if row.dataset in OTHERWISE], ids=lambda row: str(row.dataset))
def test_the_others_agree_where_first_inputs_were_blocks(row: Published) -> None:
    blocks = read_cell(row.text).blocks
    choices = product(*([block.in1, *range(position)] for position, block in enumerate(blocks)))
    cells = [Cell(tuple(replace(b, in1=i) for b, i in zip(blocks, chosen, strict=True))) for chosen in choices]
    assert any(agrees(row, row.plan(cell)) for cell in cells)


@pytest.mark.slow
@pytest.mark.parametrize("row", TABLE, ids=lambda row: str(row.dataset))
def test_every_cell_trains(row: Published) -> None:
    assert write_cell(read_cell(row.text)) == row.text
    generator = torch.Generator().manual_seed(0)
    plan = row.plan(length=min(row.length, 20))
    network = CellNetwork(plan)
    initialise_units(network, generator)
    optimiser = torch.optim.SGD(network.parameters(), lr=1e-3)
    rows = torch.randn(6, *plan.input, generator=generator)
    classes = torch.randint(row.classes, (6,), generator=generator)
    losses = [torch.nn.functional.cross_entropy(logits, classes) for logits in network.exit_logits(rows)]
    assert len(losses) == 2
    total = sum(each.weight * loss for each, loss in zip(plan.exits, losses, strict=True))
    assert isinstance(total, torch.Tensor)
    total.backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())
    before = [p.detach().clone() for p in network.parameters()]
    optimiser.step()
    assert any(not torch.equal(old, new) for old, new in zip(before, network.parameters(), strict=True))

"""How cell networks grow and change: the rules behind the micro operators.

A change is made in the cell's text, and so in every copy of the cell. Whatever the new network has in common with the
old one, by name and shape, keeps its tensors; what is new is drawn. The pointwise convolution behind the blocks has a
range of columns for each block that it reads, and ranges move with their blocks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from valpnas.cells.block import Block, Cell
from valpnas.cells.initialise import initialise_units
from valpnas.cells.network import CellNetwork
from valpnas.cells.text import read_block
from valpnas.contracts.inheritance import gather
from valpnas.contracts.model import Origin
from valpnas.contracts.network_kind import Grown, GrowthRule
from valpnas.contracts.space import Space
from valpnas.errors import InvalidCellError
from valpnas.networks.cell_draws import random_block, space_of
from valpnas.networks.cell_spec import CellSpec, plan_of
from valpnas.seeding import torch_stream

_SIDES = ("left", "right")
_PROJECTION = ".projection.weight"
_BODY = "body."
_END = "end"


def cell_growth() -> dict[str, GrowthRule]:
    """Return every rule by micro operator."""
    return {
        "add_block/gentle": AddBlock(gentle=True),
        "add_block/aggressive": AddBlock(gentle=False),
        "change_operation/aggressive": ChangeOperation(),
    }


class AddBlock(GrowthRule):
    """Add a block behind the others, at most ``space.cells.max_blocks``: a random one, or the one that the place names.

    Gentle: it reads only lookbacks that the cell reads already, so that no further cell is built and no residual
    changes, and its columns behind the blocks are zero. Aggressive: it reads anything, through random columns.
    """

    def __init__(self, gentle: bool) -> None:
        """Make the gentle or the aggressive rule."""
        self.gentle = gentle

    def places(self, spec: Any, space: Space) -> tuple[str, ...]:
        """One place, the end; none in the empty cell, nor gently where there is no convolution behind the blocks."""
        blocks = len(spec.cell.blocks)
        projected = spec.macro.project or len(spec.cell.unused) > 1
        room = 0 < blocks < space.cells.max_blocks
        return (_END,) if room and (projected or not self.gentle) else ()

    def inputs(self, spec: Any, space: Space) -> tuple[int, ...]:
        """Return what a new block may read."""
        readable = spec.cell.lookbacks if self.gentle else range(-space.cells.lookback, len(spec.cell.blocks))
        return tuple(readable)

    def takes(self, spec: Any, space: Space, place: str) -> bool:
        """Take the end, where there is room, or in its stead a block in text form that reads and does what it may."""
        if place == _END or not self.places(spec, space):
            return super().takes(spec, space, place)
        try:
            block = read_block(place)
        except InvalidCellError:
            return False
        known = set(space_of(spec, space.cells).available)
        return set(block.inputs) <= {*self.inputs(spec, space)} and set(block.operations) <= known

    def grow(
        self, spec: Any, tensors: Mapping[str, Tensor], place: str, space: Space, rng: np.random.Generator
    ) -> Grown:
        """Add the block."""
        drawn = place == _END
        block = random_block(space_of(spec, space.cells), self.inputs(spec, space), rng) if drawn else read_block(place)
        grown = replace(spec, cell=Cell((*spec.cell.blocks, block)))
        return _regrown(spec, grown, tensors, rng, blank=self.gentle)


class ChangeOperation(GrowthRule):
    """Put another operation in the place of one; a place is ``<block>.<side>``."""

    def places(self, spec: Any, space: Space) -> tuple[str, ...]:
        """Every operation that another one of the space could replace."""
        known = set(space_of(spec, space.cells).available)
        return tuple(
            f"{position}.{side}"
            for position, block in enumerate(spec.cell.blocks)
            for side, operation in zip(_SIDES, block.operations, strict=True)
            if known - {operation}
        )

    def grow(
        self, spec: Any, tensors: Mapping[str, Tensor], place: str, space: Space, rng: np.random.Generator
    ) -> Grown:
        """Draw another operation; its weights begin anew."""
        position, side = place.split(".")
        blocks = list(spec.cell.blocks)
        block = blocks[int(position)]
        before = block.operations[_SIDES.index(side)]
        drawn = str(rng.choice([text for text in space_of(spec, space.cells).available if text != before]))
        blocks[int(position)] = _with_operation(block, side, drawn)
        return _regrown(spec, replace(spec, cell=Cell(tuple(blocks))), tensors, rng, drawn=f".blocks.{place}.")


def _with_operation(block: Block, side: str, operation: str) -> Block:
    return replace(block, op1=operation) if side == _SIDES[0] else replace(block, op2=operation)


def _regrown(
    old: CellSpec,
    new: CellSpec,
    tensors: Mapping[str, Tensor],
    rng: np.random.Generator,
    drawn: str = "",
    blank: bool = False,
) -> Grown:
    """Return the network of ``new`` with what it has in common with that of ``old``.

    Tensors with ``drawn`` in their names are new though there were some like them; ``blank`` says that new columns
    behind the blocks are zero.
    """
    kept = {name: (tensor, _whole(name, tensor)) for name, tensor in tensors.items() if not name.startswith(_BODY)}
    body = CellNetwork(plan_of(new))
    initialise_units(body, torch_stream(rng))
    like = next(iter(tensors.values()))
    for short, fresh in body.state_dict().items():
        name, before = _BODY + short, tensors.get(_BODY + short)
        if before is None or (drawn and drawn in name):
            kept[name] = (fresh.to(like), None)
        elif name.endswith(_PROJECTION):
            kept[name] = _with_columns(name, before, fresh.to(like), _columns(old, new, len(before)), blank)
        else:
            same = before.shape == fresh.shape
            kept[name] = (before, _whole(name, before)) if same else (fresh.to(like), None)
    buffers = {_BODY + short for short, _ in body.named_buffers()}
    return Grown(
        new,
        {name: tensor for name, (tensor, _) in kept.items() if name not in buffers},
        {name: origin for name, (_, origin) in kept.items() if origin},
        {name: tensor for name, (tensor, _) in kept.items() if name in buffers},
    )


def _whole(name: str, tensor: Tensor) -> Origin | None:
    return Origin(name, (None,) * tensor.dim())


def _columns(old: CellSpec, new: CellSpec, filters: int) -> np.ndarray:
    """Return where each column behind the new blocks was before; -1 for those of a block that was not read there."""
    ranges = {block: np.arange(filters) + at * filters for at, block in enumerate(old.cell.unused)}
    return np.concatenate([ranges.get(block, np.full(filters, -1)) for block in new.cell.unused])


def _with_columns(
    name: str, before: Tensor, fresh: Tensor, index: np.ndarray, blank: bool
) -> tuple[Tensor, Origin | None]:
    asked = (None, index, *(None,) * (before.dim() - 2))
    moved = gather(before, asked)
    if not blank:
        new = torch.as_tensor(index < 0, device=before.device).reshape(1, -1, *(1,) * (before.dim() - 2))
        moved = torch.where(new, fresh, moved)
    return moved, Origin(name, asked) if (index >= 0).any() else None

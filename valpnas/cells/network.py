"""CellNetwork: the torch module of a plan - its cells, the last one's channel means, and its exits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import torch
from torch import Tensor, nn

from valpnas.cells.layers import layer, pooled
from valpnas.cells.macro import Join
from valpnas.cells.plan import INPUT, Branch, CellPlan, NetworkPlan
from valpnas.contracts.network_kind import PathDropper


class CellNetwork(nn.Module):
    """The network of a plan; parameters and buffers come uninitialised.

    ``drop_path`` is None, or what to drop in training mode.
    """

    def __init__(self, plan: NetworkPlan) -> None:
        """Build every cell and exit."""
        super().__init__()
        self.plan = plan
        self.drop_path: PathDropper | None = None
        positions = plan.macro.positions
        self.cells = nn.ModuleDict(
            {str(c.position): CellLayer(c, plan.macro.join, (c.position + 1) / positions) for c in plan.cells}
        )
        self.exits = nn.ModuleDict({str(each.position): layer(each.head) for each in plan.exits})
        # Plain lists beside the registered modules: looking modules up by name costs time in every batch.
        self._cells = [(c.position, self.cells[str(c.position)]) for c in plan.cells]
        self._exits = [(each.position, self.exits[str(each.position)]) for each in plan.exits]

    def forward(self, value: Tensor) -> Tensor:
        """Map ``(n, channels, *extent)`` to the last exit's logits, or to channel means when none is behind the end."""
        return self._result(self.values(value))

    def with_exits(self, value: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Return what ``forward`` does, and the logits of every exit before the end, from one pass."""
        values = self.values(value)
        return self._result(values), [head(values[at]) for at, head in self._exits if at != self.plan.last]

    def exit_logits(self, value: Tensor) -> list[Tensor]:
        """Return every exit's logits, ``(n, classes)`` each, in the order of ``plan.exits``; the last one decides."""
        values = self.values(value)
        return [head(values[position]) for position, head in self._exits]

    def _result(self, values: Mapping[int, Tensor]) -> Tensor:
        last = values[self.plan.last]
        result: Tensor = self._exits[-1][1](last) if self.plan.answers else pooled(last)
        return result

    def values(self, value: Tensor) -> dict[int, Tensor]:
        """Return what each cell emits by position; ``INPUT`` is the input itself."""
        values = {INPUT: _channels_last(value)}
        drop = self.drop_path if self.training else None
        for position, cell in self._cells:
            values[position] = cell(values, drop)
        return values


class CellLayer(nn.Module):
    """One copy of the cell; ``depth`` is its place between 0 and 1."""

    def __init__(self, plan: CellPlan, join: Join, depth: float) -> None:
        """Build its blocks, and what follows them."""
        super().__init__()
        self.plan, self.depth = plan, depth
        self.share = 0.5 if join == "avg" else 1.0
        self.reshapes = nn.ModuleDict(
            {str(-look.distance): layer(look.reshape) for look in plan.lookbacks if look.reshape}
        )
        self.blocks = nn.ModuleList(BlockLayer(block) for block in plan.blocks)
        self.projection = layer(plan.projection) if plan.projection else None
        self.excitation = layer(plan.excitation) if plan.excitation else None
        self.residual = nn.Sequential(*map(layer, plan.residual)) if plan.residual is not None else None
        self._reads = [(look.distance, look.position, str(-look.distance)) for look in plan.lookbacks]

    def forward(self, values: Mapping[int, Tensor], drop: PathDropper | None = None) -> Tensor:
        """Compute the cell from what other positions emitted."""
        known = {distance: self._looked_back(values[at], name) for distance, at, name in self._reads}
        for position, block in enumerate(self.blocks):
            paths: list[Tensor] = block(known)
            left, right = drop(paths, self.depth) if drop else paths
            known[position] = left + right if self.share == 1.0 else (left + right) * self.share
        emitted = [known[position] for position in self.plan.emitted]
        if self.projection is not None:
            emitted = drop(emitted, self.depth) if drop else emitted
            emitted = [self.projection(torch.cat(emitted, 1) if len(emitted) > 1 else emitted[0])]
        (result,) = emitted
        if self.excitation is not None:
            result = self.excitation(result)
        if self.residual is not None:
            result = result + self.residual(known[self.plan.lookbacks[0].distance])
        return result

    def _looked_back(self, value: Tensor, name: str) -> Tensor:
        return cast(Tensor, self.reshapes[name](value)) if name in self.reshapes else value


class BlockLayer(nn.Module):
    """Both operations of a block, each on its input; the cell joins them."""

    def __init__(self, branches: tuple[Branch, Branch]) -> None:
        """Build the units of both."""
        super().__init__()
        left, right = branches
        self.left, self.right = _sequence(left), _sequence(right)
        self._sources = (left.source, right.source)

    def forward(self, known: Mapping[int, Tensor]) -> list[Tensor]:
        """Return what both operations make of the values of lookbacks and earlier blocks."""
        left, right = self._sources
        return [self.left(known[left]), self.right(known[right])]


def _channels_last(value: Tensor) -> Tensor:
    """Return images with the channels beside each other in memory, as convolutions want them.

    All that follows keeps that order. A copy is made even of one channel, where both orders are the same to torch.
    """
    return value.clone(memory_format=torch.channels_last) if value.dim() == len("nchw") else value


def _sequence(branch: Branch) -> nn.Sequential:
    return nn.Sequential(*map(layer, branch.units))

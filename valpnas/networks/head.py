"""Head: an output of a VALP, linear from its sources to the numbers its task needs."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod, sqrt

import torch
from torch import Tensor, nn

from valpnas.contracts.network_kind import Source
from valpnas.networks.containers import Named, Parameters


class Head(nn.Module):
    """``logits = bias + sum over sources of value @ sources.<source>.weight``; parameters are uninitialised."""

    def __init__(self, width: int, sources: Mapping[str, Source]) -> None:
        """Make the parameters for these sources."""
        super().__init__()
        self.bias = nn.Parameter(torch.empty(width))
        self.sources = Named(
            {name: Parameters({"weight": (prod(source.shape), width)}) for name, source in sources.items()}
        )
        self._blocks = self.sources.items()

    def forward(self, sources: Mapping[str, Tensor]) -> Tensor:
        """Map the sources' values, ``(n, *shape)`` each, to ``(n, width)``."""
        total: Tensor = self.bias
        for name, block in self._blocks:
            total = torch.addmm(total, sources[name].flatten(1), block["weight"])
        return total

    def initialise(self, generator: torch.Generator) -> None:
        """LeCun-uniform weights, zero bias."""
        nn.init.zeros_(self.bias)
        total = sum(block["weight"].shape[0] for _, block in self._blocks)
        for _, block in self._blocks:
            nn.init.uniform_(block["weight"], -sqrt(3.0 / total), sqrt(3.0 / total), generator=generator)

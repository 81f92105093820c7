"""The cell kind: copies of one cell behind an entry that brings every source into one map, global means at the end.

Tensor names: ``sources.<source>.weight`` ``(channels of a map or numbers of a vector, channels inside)``, and
``body.<...>`` for all else, which knows nothing of the sources; in it, ``exits.<position>.<...>`` are
classifiers that are trained along (``CellSpec.answers``). A map of as many dimensions as the network's is brought
to its extent by averaging over areas, in either direction, and enters through a pointwise convolution. Everything else
enters flattened, as a bias per channel. Both are linear, so zero weights mean that a source is not heard.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod, sqrt
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own custom

from valpnas.cells.initialise import initialise_units
from valpnas.cells.network import CellNetwork
from valpnas.contracts.network_kind import DecoderModule, GrowthRule, NetworkKind, NetworkModule, PathDropper, Source
from valpnas.contracts.space import Space
from valpnas.errors import InvalidValpError
from valpnas.networks.cell_draws import random_cell_spec
from valpnas.networks.cell_growth import cell_growth
from valpnas.networks.cell_spec import CellSpec, plan_of
from valpnas.networks.containers import Named, Parameters


class CellModule(NetworkModule):
    """The network of a ``CellSpec``."""

    def __init__(self, spec: CellSpec, sources: Mapping[str, Source]) -> None:
        """Make all parameters, uninitialised; raises ``InvalidValpError`` for sources that the spec does not take."""
        super().__init__()
        if not spec.takes([source.shape for source in sources.values()]):
            got = ", ".join(str(source.shape) for source in sources.values())
            raise InvalidValpError("sources-fit", f"expected one source of shape {spec.shape}, got {got}")
        self.spec = spec
        entering = sources if spec.entry else {}
        widths = {name: _width(spec, source) for name, source in entering.items()}
        self.sources = Named({name: Parameters({"weight": (width, spec.channels)}) for name, width in widths.items()})
        self.body = CellNetwork(plan_of(spec))
        self._weights = [(name, block, _is_map(spec, entering[name])) for name, block in self.sources.items()]

    def forward(self, sources: Mapping[str, Tensor]) -> Tensor:
        """Map the sources' values, ``(n, *shape)`` each, to ``(n, *output_shape)``."""
        result: Tensor = self.body(self._entered(sources))
        return result

    def with_exits(self, sources: Mapping[str, Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Return what ``forward`` does, and the logits of the exits."""
        return self.body.with_exits(self._entered(sources))

    def _entered(self, sources: Mapping[str, Tensor]) -> Tensor:
        """Return the map inside, ``(n, *spec.shape)``."""
        if not self.spec.entry:
            (value,) = sources.values()
            return value
        rows = len(next(iter(sources.values())))
        heard = [self._enter(sources[name], block["weight"], is_map) for name, block, is_map in self._weights]
        total = heard[0]
        for other in heard[1:]:
            total = total + other
        return total.expand(rows, *self.spec.shape)

    def drop_paths(self, drop: PathDropper) -> None:
        """Have every cell ask ``drop``."""
        self.body.drop_path = drop

    def _enter(self, value: Tensor, weight: Tensor, is_map: bool) -> Tensor:
        """Return what a source adds to the map: ``(n, channels, *extent)``, or extents of 1 if the same everywhere."""
        ones = (1,) * len(self.spec.extent)
        if not is_map:
            return (value.flatten(1) @ weight).reshape(-1, self.spec.channels, *ones)
        kernel = weight.T.reshape(*weight.T.shape, *ones)
        value = _resized(value, self.spec.extent)
        return F.conv1d(value, kernel) if len(ones) == 1 else F.conv2d(value, kernel)


def _is_map(spec: CellSpec, source: Source) -> bool:
    return len(source.shape) == len(spec.shape)


def _width(spec: CellSpec, source: Source) -> int:
    return source.shape[0] if _is_map(spec, source) else prod(source.shape)


def _resized(value: Tensor, extent: tuple[int, ...]) -> Tensor:
    """Average over areas; an area of a smaller map may be part of an entry."""
    if tuple(value.shape[2:]) == extent:
        return value
    if len(extent) == 1:
        return F.adaptive_avg_pool1d(value, extent[0])
    return F.adaptive_avg_pool2d(value, (extent[0], extent[1]))


class CellKind(NetworkKind):
    """Sub-networks of cells."""

    name: ClassVar[str] = "cell"

    def read(self, data: Mapping[str, Any]) -> CellSpec:
        """Return the spec that ``to_json`` wrote."""
        return CellSpec.from_json(data)

    def random(self, space: Space, rng: np.random.Generator) -> CellSpec:
        """Draw a cell and its architecture within ``space.cells``; its output can be added to gently."""
        return random_cell_spec(space.cells, rng)

    def build(self, spec: Any, sources: Mapping[str, Source]) -> NetworkModule:
        """Build a ``CellModule``."""
        return CellModule(spec, sources)

    def initialise(self, module: NetworkModule | DecoderModule, generator: torch.Generator) -> None:
        """Initialise the cells as Keras does, and the entry LeCun-uniform over all sources."""
        assert isinstance(module, CellModule)  # noqa: S101 - the kernel hands back what build made
        weights = [block["weight"] for block in module.sources.values()]
        bound = sqrt(3.0 / max(1, sum(len(weight) for weight in weights)))
        for weight in weights:
            nn.init.uniform_(weight, -bound, bound, generator=generator)
        initialise_units(module.body, generator)

    def multiply_adds(self, spec: Any, sources: Mapping[str, Source]) -> int:
        """Return those of the cells, and of each source's entry: a map's at each place."""
        places = {name: prod(spec.extent) if _is_map(spec, source) else 1 for name, source in sources.items()}
        entry = sum(places[name] * _width(spec, source) * spec.channels for name, source in sources.items())
        return plan_of(spec).multiply_adds + (entry if spec.entry else 0)

    def growth(self) -> Mapping[str, GrowthRule]:
        """Return the rules of the micro operators."""
        return cell_growth()

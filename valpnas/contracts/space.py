"""Space: how large and of what kinds the sub-networks of a search may be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from valpnas.contracts.cell_bounds import CellBounds
from valpnas.errors import ConfigError
from valpnas.graph.spec import Shape

_MOST = {
    "width": 1_000_000,
    "start_width": 1_000_000,
    "layers": 1_000,
    "latent": 1_000_000,
}  # what no machine holds, or no draw ends with
ACTIVATIONS = ("relu", "elu", "gelu", "silu", "tanh", "softplus", "leaky_relu", "linear")


@dataclass(frozen=True)
class Space:
    """Bounds every random choice of structure keeps to (all inclusive).

    Defaults follow the second trial (wider starts than the paper's, which a hand-made model beats): widths
    32..128 and one or two hidden layers. ``max_parameters`` = 0 means no limit. ``min_start_width`` and
    ``max_start_width`` bound the widths of the start ``random-sized``, which has its size from the run file.
    """

    networks: tuple[str, ...] = ("dense", "decoder")
    min_width: int = 32
    max_width: int = 128
    min_start_width: int = 16
    max_start_width: int = 512
    min_layers: int = 1
    max_layers: int = 2
    min_latent: int = 8
    max_latent: int = 16
    activations: tuple[str, ...] = ("relu", "elu", "gelu", "silu", "tanh", "softplus", "leaky_relu")
    max_networks: int = 16
    max_parameters: int = 0
    cells: CellBounds = field(default_factory=CellBounds)

    def __post_init__(self) -> None:
        """Raise ``ConfigError`` for an empty range, an unknown activation or no network kind at all."""
        for what in _MOST:
            low, high = getattr(self, f"min_{what}"), getattr(self, f"max_{what}")
            if not 1 <= low <= high:
                raise ConfigError(f"expected 1 <= min_{what} <= max_{what}, got {low} and {high}; widen the range")
            if high > _MOST[what]:
                raise ConfigError(f"max_{what}: expected at most {_MOST[what]:,}, got {high:,}; lower it")
        if unknown := sorted(set(self.activations) - set(ACTIVATIONS)):
            raise ConfigError(f"expected activations among {', '.join(ACTIVATIONS)}, got {', '.join(unknown)}")
        if not self.networks or not self.activations or self.max_networks < 1 or self.max_parameters < 0:
            raise ConfigError(f"expected kinds, activations and non-negative limits, got {self}")

    def fitted(self, shapes: Iterable[Shape]) -> Space:
        """Return the space with what it leaves to the problem, whose inputs have these ``shapes``."""
        return replace(self, cells=self.cells.fitted(shapes))

    def of_starts(self) -> Space:
        """Return the space with the widths of sized starts."""
        return replace(self, min_width=self.min_start_width, max_width=self.max_start_width)

    def smallest(self) -> Space:
        """Return the part of the space with the smallest sizes."""
        least = {f"max_{what}": getattr(self, f"min_{what}") for what in ("width", "layers", "latent")}
        return replace(self, **least, cells=self.cells.smallest())

    def width(self, rng: np.random.Generator) -> int:
        """Draw a width, uniform in its logarithm: a doubling matters equally at every size."""
        return _log_uniform(self.min_width, self.max_width, rng)

    def latent(self, rng: np.random.Generator) -> int:
        """Draw the size of a decoder's latent, uniform in its logarithm."""
        return _log_uniform(self.min_latent, self.max_latent, rng)

    def layers(self, rng: np.random.Generator) -> int:
        """Draw a number of hidden layers."""
        return int(rng.integers(self.min_layers, self.max_layers + 1))

    def activation(self, rng: np.random.Generator) -> str:
        """Draw an activation."""
        return str(rng.choice(self.activations))


def _log_uniform(low: int, high: int, rng: np.random.Generator) -> int:
    drawn = np.exp(rng.uniform(np.log(low), np.log(high + 1)))
    return int(np.clip(np.floor(drawn), low, high))

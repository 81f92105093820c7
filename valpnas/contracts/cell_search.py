"""CellSearch: what a search of cells looks for and how much of it - the table ``[cell_search]`` of a run file."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from valpnas.errors import ConfigError, UnknownNameError

COSTS = ("seconds", "parameters", "flops", "latency")
"""What a cell may cost. Seconds of training and milliseconds of latency are measured, the others follow from it."""

OPERATIONS = {
    "image": (
        *("identity", "3x3 dconv", "5x5 dconv", "7x7 dconv", "1x3-3x1 conv", "1x5-5x1 conv", "1x7-7x1 conv"),
        *("1x1 conv", "3x3 conv", "5x5 conv", "2x2 maxpool", "2x2 avgpool"),
    ),
    "series": (
        *("identity", "7 dconv", "13 dconv", "21 dconv", "7 conv", "13 conv", "21 conv", "7:2dr conv", "7:4dr conv"),
        *("2 maxpool", "2 avgpool", "lstm", "gru"),
    ),
}
"""The operations of POPNASv3 (4.1) by the kind of input."""

_LEAST = {"lookback": 1, "blocks": 1, "children": 1, "exploration": 0, "epochs": 1, "networks": 0}
_LEAST |= {"filters": 1, "motifs": 1, "normal_cells": 1}
_MOST = {"lookback": 10, "blocks": 10, "filters": 100_000, "motifs": 30, "normal_cells": 1_000}
_UNBOUNDED = 2**31 - 1


@dataclass(frozen=True)
class CellSearch:
    """The cells that are searched, the networks they are stacked in, and how many are trained for how long.

    ``operations``: expressions such as ``3x3 conv``; none for those of POPNASv3 that fit the input. ``lookback``: how
    many cells back a block may read. ``blocks``: most blocks of a cell.

    ``children`` (K) are the most cells of a front, ``exploration`` (J) the most beside it that use what the front
    neglects. ``costs`` are weighed against the score, among ``COSTS``; cells of more predicted ``most_seconds`` (T, 0:
    no limit) are out. ``times_side_by_side``: times that are measured while other candidates train are good enough to
    decide by. ``networks``: cells that an evolution or a random search trains.

    ``epochs``, ``filters``, ``motifs``, ``normal_cells`` and ``residual`` are those of each network. The predictors
    are names of ``valpnas.predictors.cells``.
    """

    operations: tuple[str, ...] = ()
    lookback: int = 2
    blocks: int = 5
    children: int = 128
    exploration: int = 16
    epochs: int = 21
    filters: int = 24
    motifs: int = 3
    normal_cells: int = 2
    residual: bool = True
    costs: tuple[str, ...] = ("seconds",)
    most_seconds: float = 0.0
    times_side_by_side: bool = False
    networks: int = 0
    score_predictor: str = "lstm"
    cost_predictor: str = "gradient-boosting"

    def __post_init__(self) -> None:
        """Raise ``ConfigError`` for numbers no search can have, ``UnknownNameError`` for an unknown cost."""
        for name, least in _LEAST.items():
            most, got = _MOST.get(name, _UNBOUNDED), getattr(self, name)
            if not least <= got <= most:
                raise ConfigError(f"cell_search.{name}: expected a number from {least} to {most:,}, got {got}")
        if unknown := [cost for cost in self.costs if cost not in COSTS]:
            raise UnknownNameError("cost of cells", unknown[0], COSTS)
        for name in ("costs", "operations"):
            if len(set(given := getattr(self, name))) < len(given):
                raise ConfigError(f"cell_search.{name}: expected each name once, got {', '.join(given)}")
        if not (self.most_seconds >= 0 and isfinite(self.most_seconds)):
            raise ConfigError(f"cell_search.most_seconds: expected seconds >= 0 (0 for none), got {self.most_seconds}")
        if self.most_seconds and "seconds" not in self.costs:
            raise ConfigError(
                "cell_search.most_seconds: expected the cost 'seconds', without which none are predicted, got costs "
                f"{', '.join(self.costs) or '(none)'}; add it"
            )

    @property
    def lookbacks(self) -> tuple[int, ...]:
        """The lookbacks, ascending, such as ``(-2, -1)``."""
        return tuple(range(-self.lookback, 0))

    def available(self, kind: str) -> tuple[str, ...]:
        """Return the operations for an input of ``kind``, ``image`` or ``series``."""
        return self.operations or OPERATIONS[kind]

"""Duel, ArmResult and Block: an analysis as data - two arms against each other, one arm, everything at a checkpoint."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from valpnas.experiments.checkpoints import Checkpoint
from valpnas.experiments.statistics import SignedRank

PARTS = ("validation", "test")
LEVEL = 0.05  # below which a corrected p-value is called significant


@dataclass(frozen=True)
class Figures:
    """One arm on one part of the data: hypervolume as mean and standard deviation, and points in common fronts."""

    mean: float
    spread: float
    pairwise: float  # mean over the pairs (Figure 8)
    pooled: int  # Figure 9


@dataclass(frozen=True)
class OutputFigures:
    """One arm on one output: the test objective of each front's model that is best on validation rows.

    Mean and standard deviation over the runs that have a finite one, the latter of two or more; ``missing`` says how
    many have none.
    """

    mean: float | None
    spread: float | None
    missing: int


@dataclass(frozen=True)
class ArmResult:
    """One arm at one checkpoint: figures by part and by output, and means over its runs; ``parameters`` is a median."""

    arm: str
    on: Mapping[str, Figures]
    outputs: Mapping[str, OutputFigures]
    front: float
    parameters: float | None
    batches: float
    seconds: float


@dataclass(frozen=True)
class Duel:
    """Two arms at one checkpoint on one part; ``corrected`` is p after Holm's correction within its family.

    ``primary`` says whether it belongs to those that were fixed beforehand (``families.py``).
    ``pairwise`` and ``pooled`` count points in the fronts of these two arms alone.
    """

    one: str
    other: str
    part: str
    figures: SignedRank
    pairwise: tuple[float, float]
    pooled: tuple[int, int]
    primary: bool = False
    corrected: float = 1.0

    @property
    def verdict(self) -> str:
        """Say in a word how the first did; of what is not significant no direction is claimed."""
        if not self.figures.wins + self.figures.losses:
            return "equal in every pair"
        if self.corrected >= LEVEL:
            return "not significant"
        return "wins" if self.figures.effect > 0 else "loses"


@dataclass(frozen=True)
class Block:
    """Everything at one checkpoint."""

    checkpoint: Checkpoint
    arms: tuple[ArmResult, ...]
    duels: tuple[Duel, ...]

    def on(self, part: str) -> Block:
        """Return the block with the comparisons on one part only."""
        return replace(self, duels=tuple(duel for duel in self.duels if duel.part == part))


def last_of_each_kind(blocks: Iterable[Block]) -> list[Block]:
    """Return the last checkpoint of each kind there is: of steps, batches or ends, and of seconds."""
    return list({block.checkpoint.kind: block for block in blocks}.values())

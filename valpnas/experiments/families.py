"""Families of comparisons: which p-values are corrected together.

The *primary* comparisons are fixed before any figure is seen: test rows, at the last step and after the full common
time. They are corrected among themselves. Everything else - validation, earlier steps and seconds - is *secondary*:
corrected too, in a family of its own, so that looking at more of it makes no primary answer less certain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from valpnas.experiments.checkpoints import Checkpoint
from valpnas.experiments.duel import Block, Duel
from valpnas.experiments.statistics import holm


def corrected(blocks: Sequence[Block]) -> tuple[Block, ...]:
    """Return the blocks with each duel told whether it is primary, and p corrected by Holm within its family."""
    ends = {str(at) for at in _ends([block.checkpoint for block in blocks])}
    duels = [
        replace(duel, primary=duel.part == "test" and str(block.checkpoint) in ends)
        for block in blocks
        for duel in block.duels
    ]
    after = iter(_with_p(duels))
    return tuple(replace(block, duels=tuple(next(after) for _ in block.duels)) for block in blocks)


def _ends(checkpoints: Sequence[Checkpoint]) -> list[Checkpoint]:
    """Return the last checkpoint of each kind."""
    return list({at.kind: at for at in checkpoints}.values())


def _with_p(duels: Sequence[Duel]) -> list[Duel]:
    found = {
        family: iter(holm([duel.figures.p for duel in duels if duel.primary is family])) for family in (True, False)
    }
    return [replace(duel, corrected=next(found[duel.primary])) for duel in duels]

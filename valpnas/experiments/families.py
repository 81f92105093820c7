"""Families of comparisons: which p-values are corrected together.

The *primary* comparisons are fixed before any figure is seen: test rows, at the last step (or batch, where steps are
not alike; or each run's end, where some arms have lengths of their own). They are corrected among themselves.
Everything else - validation, earlier steps, seconds - is *secondary*: corrected too, in a family of its own, so that
looking at more of it makes no primary answer less certain. Seconds are secondary because they cut the slower runs short
before their learning rate has decayed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from valpnas.experiments.duel import Block, Duel
from valpnas.experiments.statistics import holm


def corrected(blocks: Sequence[Block]) -> tuple[Block, ...]:
    """Return the blocks with each duel told whether it is primary, and p corrected by Holm within its family."""
    last = [block.checkpoint for block in blocks if block.checkpoint.kind != "second"][-1:]
    duels = [
        replace(duel, primary=duel.part == "test" and block.checkpoint in last)
        for block in blocks
        for duel in block.duels
    ]
    after = iter(_with_p(duels))
    return tuple(replace(block, duels=tuple(next(after) for _ in block.duels)) for block in blocks)


def _with_p(duels: Sequence[Duel]) -> list[Duel]:
    found = {
        family: iter(holm([duel.figures.p for duel in duels if duel.primary is family])) for family in (True, False)
    }
    return [replace(duel, corrected=next(found[duel.primary])) for duel in duels]

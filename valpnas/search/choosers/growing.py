"""grow and grow-depth: baselines that only ever add, gently and at random, until nothing more fits.

Gentle depth pays late and loses nothing (trial): a chooser that looks has to beat adding it anywhere.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from valpnas.contracts.chooser import Chooser, Situation
from valpnas.contracts.job import Continue, Proposal
from valpnas.search.choosers.random import draw, gentle_variants, used_up

DEPTH = ("add_layer/gentle", "insert_network/gentle")
"""The operators that make a model deeper and keep its function."""


class Grow(Chooser):
    """Any gentle extender that has an untried place, then any of its places."""

    name: ClassVar[str] = "grow"

    def choose(self, situation: Situation, rng: np.random.Generator) -> Proposal | Continue:
        """Return a random gentle addition, or why there is none left."""
        variants = gentle_additions(situation)
        reason = "drawn at random among the gentle operators that add"
        return draw(situation, variants, rng, reason) or used_up(situation, "gentle addition")


class GrowDepth(Chooser):
    """A gentle layer or a gentle sub-network on an arc, whichever has an untried place, then any of its places."""

    name: ClassVar[str] = "grow-depth"

    def choose(self, situation: Situation, rng: np.random.Generator) -> Proposal | Continue:
        """Return a random gentle step in depth, or why there is none left."""
        variants = [name for name in DEPTH if name in situation.operators]
        reason = "drawn at random among the gentle operators that add depth"
        return draw(situation, variants, rng, reason) or used_up(situation, "gentle depth")


def gentle_additions(situation: Situation) -> list[str]:
    """Return the names of the variants that add and keep the function, sorted."""
    return [name for name in gentle_variants(situation) if situation.operators[name].effect == "extender"]

"""random and random-gentle: the baselines that decide whether looking is worth anything.

The operator is drawn first and the place second: drawing among all (operator, place) pairs would mostly draw
add_connection, which has the most places (trial, section 7.6).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from valpnas.contracts.chooser import Chooser, Situation
from valpnas.contracts.job import Continue, Proposal


class Random(Chooser):
    """Any operator that has an untried place, then any of its places."""

    name: ClassVar[str] = "random"

    def choose(self, situation: Situation, rng: np.random.Generator) -> Proposal | Continue:
        """Return a random change, or why there is none left."""
        variants = sorted(name for name, operator in situation.operators.items() if operator.drawn)
        return draw(situation, variants, rng, "drawn at random among all operators") or used_up(situation, "change")


class RandomGentle(Chooser):
    """Any gentle operator that has an untried place, then any of its places."""

    name: ClassVar[str] = "random-gentle"

    def choose(self, situation: Situation, rng: np.random.Generator) -> Proposal | Continue:
        """Return a random gentle change, or why there is none left."""
        variants, reason = gentle_variants(situation), "drawn at random among the gentle operators"
        return draw(situation, variants, rng, reason) or used_up(situation, "gentle change")


def gentle_variants(situation: Situation) -> list[str]:
    """Return the names of the gentle variants that may be drawn, sorted."""
    return sorted(name for name, operator in situation.operators.items() if operator.gentle and operator.drawn)


def draw(situation: Situation, variants: Sequence[str], rng: np.random.Generator, reason: str) -> Proposal | None:
    """Draw one of ``variants`` that has an untried site, then the site, then a donor where it needs one.

    A site where no peer has something to give is no site. None when nothing can be drawn.
    """
    for variant in rng.permutation(np.array(variants, dtype=object)):
        sites, peers = situation.untried(variant), sorted(situation.peers)
        crosses = bool(sites) and situation.operators[variant].scope == "crossover"
        if crosses:
            sites = [site for site in sites if situation.donor(variant, site, peers) is not None]
        if sites:
            site = sites[int(rng.integers(len(sites)))]
            donor = situation.donor(variant, site, rng.permutation(peers).tolist()) if crosses else None
            return Proposal(variant, site, reason, donor=donor)
    return None


def used_up(situation: Situation, what: str) -> Continue:
    """Say that there is no ``what`` left to try, and how many of them may not be trained for which reason."""
    counts = Counter(situation.refused.values())
    refused = ", ".join(f"{count} would {why}" for why, count in sorted(counts.items()))
    return Continue(f"no {what} is left to try" + (f" ({refused})" if refused else ""))

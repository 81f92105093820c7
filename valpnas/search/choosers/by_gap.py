"""by-gap: add to what generalises, let rest what has been memorised - the generalisation gap of each output decides.

Where held-out loss follows training loss, training is what limits, and gentle depth pays (trial). Where it does not,
data are short: what adds parameters adds to the gap. Once validation tells, too, that an output gets worse, it gets
back what an earlier model had for it and is hardly trained any further, and the others go on. Samples are often worse
than their decoder, for most draws are of a kind that it never met: they come to be drawn as its latents are instead.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from valpnas.contracts.chooser import Chooser, Situation
from valpnas.contracts.job import Continue, Proposal
from valpnas.contracts.operator import Site
from valpnas.graph.subgraphs import altered_outputs
from valpnas.graph.valp import Valp
from valpnas.search.choosers.growing import DEPTH, gentle_additions
from valpnas.search.choosers.latents import draw_as_they_are
from valpnas.search.choosers.past_best import give_back, let_rest
from valpnas.search.choosers.random import used_up

_LOOKS = ("generalisation_gap",)
_REFUSALS = 3  # of a variant in one choice: where a model is at its limit, there are hundreds that do not fit
Places = Mapping[str, Sequence[Site]]


class ByGap(Chooser):
    """Let rest a memorised output that is past its best; else draw one that generalises, and add to it gently.

    An output that generalises gets a gentle layer or network, and where none can be had - an input is all it hears -
    any gentle addition. One that is memorised and not past its best is left as it is. Before all that, in the last
    steps outputs are given back what was best, and samples are drawn as latents are.
    """

    name: ClassVar[str] = "by-gap"

    @property
    def finishes(self) -> bool:
        """It gives back what was best in the last steps, and fits priors in the decay."""
        return True

    def choose(self, situation: Situation, rng: np.random.Generator) -> Proposal | Continue:
        """Return a change for one of the outputs, or why there is none left."""
        if back := give_back(situation):
            return back
        if mended := draw_as_they_are(situation):
            return mended
        if situation.decays:
            return Continue("final decay: what is new now has no time left to learn")
        memorised = {f.output: f for f in situation.findings(_LOOKS) if f.kind == "MEMORISED"}
        if resting := let_rest(situation, memorised):
            return resting
        idle = memorised.keys() | (situation.valp.tasks.keys() - {*situation.valp.trained_outputs})
        if not (learning := sorted(situation.valp.tasks.keys() - idle)):
            return Continue("every output is memorised or rests: what adds weights would add to that")
        for output in rng.permutation(learning).tolist():
            if places := _adding(situation, output, idle):
                variant = sorted(places)[int(rng.integers(len(places)))]
                site = places[variant][int(rng.integers(len(places[variant])))]
                return Proposal(variant, site, f"{output} is not memorised: a gentle addition can be learnt")
        return used_up(situation, f"gentle addition that reaches {' or '.join(learning)}")


def _adding(situation: Situation, output: str, idle: set[str]) -> Places:
    """Return the places where a gentle addition reaches ``output``: depth first, and beside idle outputs first."""
    refused = Counter(variant for variant, _ in situation.refused)
    for variants in (DEPTH, gentle_additions(situation)):
        left = [v for v in variants if refused[v] < _REFUSALS]
        found = {v: [s for s in situation.untried(v) if output in _reached(situation.valp, s)] for v in left}
        alone = {v: [s for s in found[v] if idle.isdisjoint(_reached(situation.valp, s))] for v in found}
        if places := _some(alone) or _some(found):
            return places
    return {}


def _some(places: Places) -> Places:
    return {variant: sites for variant, sites in places.items() if sites}


def _reached(valp: Valp, site: Site) -> frozenset[str]:
    """Return the outputs that a change at ``site`` changes."""
    touched = {*site.components, *(target for _, target in site.arcs)}
    return frozenset(output for part in touched for output in altered_outputs(valp, part))

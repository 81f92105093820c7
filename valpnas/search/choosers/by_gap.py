"""by-gap: add to what generalises, let rest what has been memorised - the generalisation gap of each output decides.

Where held-out loss follows training loss, training is what limits, and gentle depth pays (trial). Where it does not,
data are short: what adds parameters adds to the gap. Once validation tells, too, that an output gets worse, it is
hardly trained any further, and the others go on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from valpnas.contracts.chooser import Chooser, Situation
from valpnas.contracts.finding import Finding
from valpnas.contracts.job import Continue, Proposal
from valpnas.contracts.operator import Site
from valpnas.graph.subgraphs import altered_outputs
from valpnas.graph.valp import Valp
from valpnas.search.choosers.growing import DEPTH, gentle_additions
from valpnas.search.choosers.random import used_up

REST = "rest_output"
_LOOKS = ("generalisation_gap",)
_SHARE, _OF_CONSTANT = 0.03, 0.01  # past its best: by this share of that, and of what a constant reaches
_NEXT_TO_NOTHING = 0.01
Objectives = Mapping[str, float]
Places = Mapping[str, Sequence[Site]]


class ByGap(Chooser):
    """Let rest a memorised output that is past its best; else draw one that generalises, and add to it gently.

    Past its best is an objective that was clearly lower earlier in the line of descent than it is now and was a step
    ago: one step may be noise. An output that generalises gets a gentle layer or network, and where none can be had -
    an input is all it hears - any gentle addition. One that is memorised and not past its best is left as it is.
    """

    name: ClassVar[str] = "by-gap"

    def choose(self, situation: Situation, rng: np.random.Generator) -> Proposal | Continue:
        """Return a change for one of the outputs, or why there is none left."""
        memorised = {f.output: f for f in situation.findings(_LOOKS) if f.kind == "MEMORISED"}
        if resting := _rest(situation, memorised):
            return resting
        idle = _hardly_trained(situation.valp) | memorised.keys()
        for output in rng.permutation(sorted(situation.valp.tasks.keys() - idle)).tolist():
            if places := _adding(situation, output, idle):
                variant = sorted(places)[int(rng.integers(len(places)))]
                site = places[variant][int(rng.integers(len(places[variant])))]
                return Proposal(variant, site, f"{output} is not memorised: a gentle addition can be learnt")
        return used_up(situation, "addition to an output that is not memorised")


def _rest(situation: Situation, memorised: Mapping[str, Finding]) -> Proposal | None:
    """Return the rest of the output that is furthest past its best, if one is."""
    line = [past.objectives for past in situation.history if past.adopted and past.objectives]
    over = {output: _past_best(line, output, situation.bench.problem.reference[output]) for output in memorised}
    sites = [site for site in situation.untried(REST) if over.get(site.outputs[0], 0) > 0]
    if not sites:
        return None
    site = max(sites, key=lambda site: over[site.outputs[0]])
    (output,) = site.outputs
    ratio, best = memorised[output].evidence["ratio"], _best(line, output)
    said = f"{output} is memorised (held-out loss {ratio:.1f} times that of training) and past its best: "
    return Proposal(REST, site, f"{said}{best:.3g} then, {line[-1][output]:.3g} now", (memorised[output],))


def _past_best(line: Sequence[Objectives], output: str, constant: float) -> float:
    """Return how far the objective is beyond what counts as past its best, as a share of the constant predictor's."""
    if len(line) < 3:
        return 0.0
    now = min(line[-1][output], line[-2][output])  # of one step alone it may be noise
    return (now - (1 + _SHARE) * _best(line, output)) / constant - _OF_CONSTANT


def _best(line: Sequence[Objectives], output: str) -> float:
    return min(objectives[output] for objectives in line)


def _hardly_trained(valp: Valp) -> set[str]:
    """Return the outputs whose learning rate is next to nothing beside the highest."""
    rates = {output: how.learning_rate for output, how in valp.output_training.items()}
    return {output for output, rate in rates.items() if rate < _NEXT_TO_NOTHING * max(rates.values())}


def _adding(situation: Situation, output: str, idle: set[str]) -> Places:
    """Return the places where a gentle addition reaches ``output``: depth first, and beside idle outputs first."""
    for variants in (DEPTH, gentle_additions(situation)):
        found = {v: [s for s in situation.untried(v) if output in _reached(situation.valp, s)] for v in variants}
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

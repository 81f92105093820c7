"""by-gap: add to what generalises, stir what is memorised - the generalisation gap of each output decides which.

Where held-out loss follows training loss, training is what limits, and gentle depth pays (trial). Where it does not,
data are short: what adds parameters adds to the gap, and other changes are tried once nothing generalises.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from valpnas.contracts.chooser import Chooser, Situation
from valpnas.contracts.finding import Finding
from valpnas.contracts.job import Continue, Proposal
from valpnas.contracts.operator import Operator, Site
from valpnas.graph.subgraphs import served_outputs
from valpnas.graph.valp import Valp
from valpnas.search.choosers.growing import DEPTH
from valpnas.search.choosers.protection import protecting
from valpnas.search.choosers.random import used_up

_LOOKS = ("generalisation_gap", "module_intervention")
Places = Mapping[str, Sequence[Site]]


class ByGap(Chooser):
    """Draw an output that generalises, one that is memorised if none has a place left; then a change, then a place.

    An output that generalises gets a gentle layer or network, and where none can be had - an input is all it hears -
    any gentle addition. A memorised one gets any other change of what memorised outputs alone need, but for networks
    that are found relevant.
    """

    name: ClassVar[str] = "by-gap"

    def choose(self, situation: Situation, rng: np.random.Generator) -> Proposal | Continue:
        """Return a change for one of the outputs, or why there is none left."""
        findings = situation.findings(_LOOKS)
        memorised = {f.output: f for f in findings if f.kind == "MEMORISED"}
        drawn = rng.permutation(sorted(situation.valp.tasks)).tolist()
        for output in sorted(drawn, key=lambda name: name in memorised):
            found = memorised.get(output)
            places = _stirring(situation, output, findings) if found else _adding(situation, output, set(memorised))
            if places:
                variant = sorted(places)[int(rng.integers(len(places)))]
                site = places[variant][int(rng.integers(len(places[variant])))]
                return Proposal(variant, site, _reason(output, found), (found,) if found else ())
        return used_up(situation, "change that the gaps ask for")


def _adding(situation: Situation, output: str, memorised: set[str]) -> Places:
    """Return the places where a gentle addition reaches ``output``: depth first, beside memorised outputs first."""
    additions = [name for name, operator in situation.operators.items() if _adds_gently(operator)]
    for variants in (DEPTH, additions):
        found = {v: [s for s in situation.untried(v) if output in _reached(situation.valp, s)] for v in variants}
        alone = {v: [s for s in found[v] if memorised.isdisjoint(_reached(situation.valp, s))] for v in found}
        if places := _some(alone) or _some(found):
            return places
    return {}


def _stirring(situation: Situation, output: str, findings: Sequence[Finding]) -> Places:
    """Return the places where anything but gentle additions changes ``output``, and none that is not memorised too."""
    memorised = {finding.output for finding in findings if finding.kind == "MEMORISED"}

    def may(operator: Operator, site: Site) -> bool:
        reached = _reached(situation.valp, site)
        return output in reached and reached <= memorised and not protecting(situation.valp, operator, site, findings)

    return _some(
        {
            variant: [site for site in situation.untried(variant) if may(operator, site)]
            for variant, operator in situation.operators.items()
            if not _adds_gently(operator) and operator.scope != "crossover"
        }
    )


def _adds_gently(operator: Operator) -> bool:
    return operator.gentle and operator.effect == "extender"


def _some(places: Places) -> Places:
    return {variant: sites for variant, sites in places.items() if sites}


def _reached(valp: Valp, site: Site) -> frozenset[str]:
    """Return the outputs that a change at ``site`` changes; all where it is one of the whole model."""
    touched = {*site.components, *(target for _, target in site.arcs)}
    if not touched and not site.outputs:
        return frozenset(valp.tasks)
    served = (served_outputs(valp, part) if part in valp.specs else (part,) for part in touched)
    return frozenset(valp.tasks).intersection([*site.outputs, *(output for outputs in served for output in outputs)])


def _reason(output: str, memorised: Finding | None) -> str:
    if memorised is None:
        return f"{output} is not memorised: a gentle addition can be learnt"
    ratio = memorised.evidence["ratio"]
    return f"{output} is memorised (held-out loss {ratio:.1f} times that of training): what it alone needs is changed"

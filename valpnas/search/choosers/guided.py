"""guided: the paper's search - look, then change what the findings ask for ([VALP] VII-B to VII-D)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import ClassVar

import numpy as np

from valpnas import catalog
from valpnas.contracts.chooser import Chooser, Situation
from valpnas.contracts.finding import Finding
from valpnas.contracts.job import Continue, Proposal
from valpnas.contracts.operator import Site
from valpnas.search.choosers.random import draw, gentle_variants, used_up
from valpnas.search.choosers.rules import RULES, WHERE, Rule, priority

UNASKED = "no finding asks for a change that has an untried place: a random gentle change"
FAILED = "all that findings ask for has failed since the last change was adopted: a random gentle change"

Option = tuple[str, Site, Rule, Finding]


class Guided(Chooser):
    """Among what the rules ask for, take the highest tier: reducers, then aggressive expanders, then gentle ones.

    Within it the operator is drawn first and the place second. A variant that failed is set aside until a change is
    adopted; when every variant asked for has failed, a random gentle operator is tried.
    """

    name: ClassVar[str] = "guided"

    def choose(self, situation: Situation, rng: np.random.Generator) -> Proposal | Continue:
        """Return the change the findings ask for."""
        rules = tuple(rule for rule in RULES if rule.variant in situation.operators)
        findings = situation.findings(asked_diagnostics(rules))
        asked = list(_options(situation, findings))
        options = [o for o in asked if o[0] not in situation.set_aside]
        if not options:
            drawn = draw(situation, gentle_variants(situation), rng, FAILED if asked else UNASKED)
            return drawn or used_up(situation, "gentle change")
        best = min(priority(situation.operators[variant]) for variant, *_ in options)
        variants = sorted({o[0] for o in options if priority(situation.operators[o[0]]) == best})
        variant = variants[int(rng.integers(len(variants)))]
        return _propose(situation, [option for option in options if option[0] == variant], rng)


@cache
def asked_diagnostics(rules: tuple[Rule, ...] = RULES) -> tuple[str, ...]:
    """Return the diagnostics that may emit a finding some rule is about; a new one is asked once a rule names it."""
    wanted = {rule.finding for rule in rules}
    names = [entry.name for entry in catalog.entries("diagnostics")]
    return tuple(name for name in names if wanted & set(catalog.diagnostic(name).emits))


def _options(situation: Situation, findings: Sequence[Finding]) -> Iterator[Option]:
    """Yield everything the rules ask for."""
    for rule in RULES:
        asking = [finding for finding in findings if finding.kind == rule.finding]
        sites = situation.untried(rule.variant) if asking else []
        for finding in asking:
            for site in sites:
                if WHERE[rule.where](situation.valp, finding, site) and _has_donor(situation, rule.variant, site):
                    yield rule.variant, site, rule, finding


def _has_donor(situation: Situation, variant: str, site: Site) -> bool:
    return situation.operators[variant].scope != "crossover" or _donor(situation, variant, site) is not None


def _donor(situation: Situation, variant: str, site: Site) -> int | None:
    """Return the best peer in the site's output that has something to give there, of the better half of the peers.

    With ties in the ranking a peer of the better half may be no better than the host, which then gains nothing.
    """
    (output,) = site.outputs
    ranked = sorted(situation.peers, key=lambda peer: (situation.peers[peer][output], peer))
    half = ranked[: (len(ranked) + 1) // 2]
    own = situation.objectives[output]
    return situation.donor(variant, site, [peer for peer in half if situation.peers[peer][output] < own])


def _propose(situation: Situation, options: Sequence[Option], rng: np.random.Generator) -> Proposal:
    """Draw a site among the options of one variant; every finding that asks for it goes on record."""
    sites = sorted({option[1] for option in options})
    site = sites[int(rng.integers(len(sites)))]
    asking = [(rule, finding) for _, where, rule, finding in options if where == site]
    rule, finding = asking[0]
    variant = options[0][0]
    crosses = situation.operators[variant].scope == "crossover"
    donor = _donor(situation, variant, site) if crosses else None
    return Proposal(variant, site, f"{finding}: {rule.because}", tuple(f for _, f in asking), donor)

"""Recommendations: the changes that the findings on a model ask for, where each has a place, in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import expm1

from valpnas.contracts.finding import Finding
from valpnas.contracts.operator import Operator, Site
from valpnas.graph.valp import Valp
from valpnas.search.choosers.protection import protecting, said
from valpnas.search.choosers.rules import REMEDIES, RULES, WHERE, Rule, priority

TIERS = ("Reduce", "Change boldly", "Change gently")
"""What ``priority`` stands for: reducers (donations are left out here), aggressive expanders, everything gentle."""


_NAMED = 3  # places that a sentence names


@dataclass(frozen=True)
class Recommendation:
    """A change asked for by a finding: ``priority`` is its tier in the paper's hierarchy, 0 goes first.

    ``sites`` are all legal places, of which ``sentence`` names the first few; ``protected`` says in words which
    findings ask to leave parts of them alone.
    """

    variant: str
    priority: int
    sites: tuple[Site, ...]
    finding: Finding
    because: str
    protected: tuple[str, ...]
    sentence: str


@dataclass(frozen=True)
class Unplaced:
    """A change asked for by a finding that has no legal place in the model."""

    variant: str
    finding: Finding
    because: str


def recommend(
    valp: Valp, findings: Sequence[Finding], operators: Mapping[str, Operator]
) -> tuple[tuple[Recommendation, ...], tuple[Unplaced, ...]]:
    """Return what the rules of ``guided`` and the other remedies ask for, in order, and what of it has no place.

    The order is that of priority, then of falling strength. Operators that the run leaves out are not asked for.
    Unlike ``guided``, which draws among the highest priority, nothing is drawn and nothing that failed is set aside.
    What takes a second model is left out: a search decides who donates. Nothing is asked for an output that rests: it
    does not learn because it was told not to.
    """
    heard = [f for f in findings if f.output in {"", *valp.trained_outputs}]
    made: list[Recommendation] = []
    unplaced: list[Unplaced] = []
    usable = {name for name, operator in operators.items() if operator.scope != "crossover"}
    for rule in (rule for rule in (*RULES, *REMEDIES) if rule.variant in usable):
        sites = operators[rule.variant].sites(valp)
        for finding in (f for f in heard if f.kind == rule.finding):
            fitting = tuple(site for site in sites if WHERE[rule.where](valp, finding, site))
            if fitting:
                operator = operators[rule.variant]
                kept, tier = _protected(valp, operator, fitting, finding, findings), priority(operator)
                sentence = _sentence(rule, tier, fitting, finding)
                made.append(Recommendation(rule.variant, tier, fitting, finding, rule.because, kept, sentence))
            else:
                unplaced.append(Unplaced(rule.variant, finding, rule.because))
    return tuple(sorted(made, key=_order)), tuple(unplaced)


def _sentence(rule: Rule, tier: int, sites: Sequence[Site], finding: Finding) -> str:
    """Say operator, place and the finding that asks for it."""
    places = " or ".join(f"[{site}]" if "," in str(site) else str(site) for site in sites[:_NAMED])
    more = f" or {len(sites) - _NAMED} more" if len(sites) > _NAMED else ""
    return f"{TIERS[tier]}: {rule.variant} at {places}{more}, for {told(finding)}: {rule.because}."


def told(finding: Finding) -> str:
    """Return a finding with the one figure it rests on: ``n4 is IRRELEVANT (loss without it: 1.03 times as large)``."""
    about = finding.component or f"output {finding.output}"
    to = f" for {finding.output}" if finding.component and finding.output else ""
    return f"{about} is {finding.kind}{to}{_figure(finding)}"


def change_in_100_batches(slope: float) -> float:
    """Return the share by which a loss changes in 100 batches when its logarithm changes by ``slope`` in each."""
    return expm1(100 * slope)


def _figure(finding: Finding) -> str:
    evidence = finding.evidence
    if "slope per batch" in evidence:
        return f" (loss {change_in_100_batches(evidence['slope per batch']):+.1%} in 100 batches)"
    if "divergence" in evidence:
        return f" ({evidence['divergence']:.2f} nats per number)"
    grown = [value for name, value in evidence.items() if name.partition(" ")[0] == "ratio"]
    if len(grown) > 1:
        return f" (losses without it: {min(grown):.2f} to {max(grown):.2f} times as large)"
    return f" (loss without it: {grown[0]:.2f} times as large)" if grown else ""


def _protected(
    valp: Valp, operator: Operator, sites: Sequence[Site], finding: Finding, findings: Sequence[Finding]
) -> tuple[str, ...]:
    """Return the protections of what the sites touch, those for other outputs than the finding's left out."""
    heard = [f for f in findings if not finding.output or f.output in {"", finding.output}]
    asking = [f for site in sites for f in protecting(valp, operator, site, heard)]
    return tuple(said(asking))


def _order(made: Recommendation) -> tuple[int, float, str, str, str]:
    return made.priority, -made.finding.strength, made.variant, made.finding.component, made.finding.output

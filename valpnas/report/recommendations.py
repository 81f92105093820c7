"""Recommendations: the changes that the findings on a model ask for, where each has a place, in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import chain
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

    ``sites`` are the legal places that nothing speaks against, of which ``sentence`` names the first few. Where there
    are none they are all legal places, and ``against`` says in words what speaks against them, also against those that
    are not named: parts that other findings ask to leave alone, or to delete.
    """

    variant: str
    priority: int
    sites: tuple[Site, ...]
    finding: Finding
    because: str
    against: tuple[str, ...]
    sentence: str


@dataclass(frozen=True)
class Unplaced:
    """A change asked for by a finding that has no legal place in the model."""

    variant: str
    finding: Finding
    because: str


@dataclass(frozen=True)
class _Asked:
    """A rule that a finding fulfils, with all its legal places."""

    rule: Rule
    operator: Operator
    sites: tuple[Site, ...]
    finding: Finding


def recommend(
    valp: Valp, findings: Sequence[Finding], operators: Mapping[str, Operator]
) -> tuple[tuple[Recommendation, ...], tuple[Unplaced, ...]]:
    """Return what the rules of ``guided`` and the other remedies ask for, in order, and what of it has no place.

    What nothing speaks against comes first; then the order is that of priority, then of falling strength. Operators
    that the run leaves out are not asked for.
    Unlike ``guided``, which draws among the highest priority, nothing is drawn and nothing that failed is set aside.
    What takes a second model is left out: a search decides who donates. Nothing is asked for an output that rests: it
    does not learn because it was told not to.
    """
    heard = [f for f in findings if f.output in {"", *valp.trained_outputs}]
    every = list(_asked(valp, heard, operators))
    placed = [each for each in every if each.sites]
    unwanted = _unwanted(valp, placed, findings)
    made = (_recommendation(valp, each, findings, unwanted) for each in placed)
    unplaced = (Unplaced(each.rule.variant, each.finding, each.rule.because) for each in every if not each.sites)
    return tuple(sorted(made, key=_order)), tuple(unplaced)


def _asked(valp: Valp, heard: Sequence[Finding], operators: Mapping[str, Operator]) -> Iterator[_Asked]:
    usable = {name: operator for name, operator in operators.items() if operator.scope != "crossover"}
    for rule in (rule for rule in (*RULES, *REMEDIES) if rule.variant in usable):
        sites = usable[rule.variant].sites(valp)
        for finding in (f for f in heard if f.kind == rule.finding):
            fitting = tuple(site for site in sites if WHERE[rule.where](valp, finding, site))
            yield _Asked(rule, usable[rule.variant], fitting, finding)


def _unwanted(valp: Valp, placed: Sequence[_Asked], findings: Sequence[Finding]) -> set[str]:
    """Return the parts that are asked to be deleted: there is no sense in changing them otherwise."""
    deleting = (each for each in placed if _deletes(each.operator))
    free = (site for each in deleting for site in each.sites if not _protected(valp, each, [site], findings))
    return {component for site in free for component in site.components}


def _deletes(operator: Operator) -> bool:
    return operator.effect == "reducer" and operator.scope == "macro"


def _recommendation(valp: Valp, asked: _Asked, findings: Sequence[Finding], unwanted: Set[str]) -> Recommendation:
    def against(sites: Sequence[Site]) -> tuple[str, ...]:
        return (*_protected(valp, asked, sites, findings), *_deleted(asked, sites, unwanted))

    free = tuple(site for site in asked.sites if not against([site]))
    sites, tier, rule = free or asked.sites, priority(asked.operator), asked.rule
    sentence = _sentence(rule, tier, sites, asked.finding)
    return Recommendation(rule.variant, tier, sites, asked.finding, rule.because, against(sites), sentence)


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


def _protected(valp: Valp, asked: _Asked, sites: Sequence[Site], findings: Sequence[Finding]) -> tuple[str, ...]:
    """Return the protections of what the sites touch, those for other outputs than the finding's left out."""
    heard = [f for f in findings if not asked.finding.output or f.output in {"", asked.finding.output}]
    return tuple(said([f for site in sites for f in protecting(valp, asked.operator, site, heard)]))


def _deleted(asked: _Asked, sites: Sequence[Site], unwanted: Set[str]) -> tuple[str, ...]:
    """Say which parts of the sites are asked to be deleted; nothing of the change that deletes them."""
    if _deletes(asked.operator) and sites[0].components:
        return ()  # it is the one that deletes them
    touched = {part for site in sites for part in (*site.components, *chain.from_iterable(site.arcs))}
    return tuple(f"{part} is asked to be deleted" for part in sorted(touched & unwanted))


def _order(made: Recommendation) -> tuple[bool, int, float, str, str, str]:
    return (
        bool(made.against),
        made.priority,
        -made.finding.strength,
        made.variant,
        made.finding.component,
        made.finding.output,
    )

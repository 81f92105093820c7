"""The paper's rules as data: which finding asks for which variant, and where ([VALP] VII-B, V-C, V-A)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from valpnas.contracts.finding import Finding
from valpnas.contracts.operator import Operator, Site
from valpnas.graph.subgraphs import output_subgraph, served_outputs
from valpnas.graph.valp import Valp

Where = Callable[[Valp, Finding, Site], bool]


@dataclass(frozen=True)
class Rule:
    """``finding`` asks for ``variant`` at the sites that ``where`` picks; ``because`` says it in the paper's words."""

    finding: str
    variant: str
    where: str
    because: str


RULES: tuple[Rule, ...] = (
    Rule(
        "STEEP",
        "clone_network/gentle",
        "network-of-output",
        "a network in a steeply falling output can be cloned gently",
    ),
    Rule(
        "MODERATE",
        "add_connection/gentle",
        "arc-of-output",
        "a network of a moderately falling output can get a connection",
    ),
    Rule(
        "STUCK",
        "insert_network/aggressive",
        "arc-of-output",
        "a connection of an output in a local optimum can be divided",
    ),
    Rule("STUCK", "change_lr", "lower-rate", "the learning rate of a converged output can be decreased"),
    # VII-B lets such a network lose a connection too; IRRELEVANT_TO_OUTPUT asks for that, at the arcs it does not need.
    Rule("PARTLY_RELEVANT", "insert_network/aggressive", "arc-from-network", "its connections can be divided"),
    Rule("PARTLY_RELEVANT", "clone_network/aggressive", "network", "it can be cloned aggressively"),
    Rule(
        "IRRELEVANT_TO_OUTPUT",
        "delete_connection",
        "arc-only-to-output",
        "a network an output does not need can be cut off it",
    ),
    Rule("IRRELEVANT", "delete_network", "network", "a network no output needs can be deleted"),
    # Heard in populations only: a single model has no donor, and the operator is not offered.
    Rule(
        "WEAK_OUTPUT",
        "donate_exclusive_subgraph",
        "output",
        "a model that is strong in all other outputs can host what the best one there has for this one",
    ),
)

REMEDIES: tuple[Rule, ...] = (
    Rule("OFF_PRIOR", "fit_prior", "network", "its samples can be drawn from what its latents are like"),
)
"""What a reader is told to try besides; no rule of the paper, and ``guided`` does not go by them."""


def _network(valp: Valp, finding: Finding, site: Site) -> bool:  # noqa: ARG001 - every Where takes the same arguments
    return finding.component in site.components


def _network_of_output(valp: Valp, finding: Finding, site: Site) -> bool:
    return bool(output_subgraph(valp, finding.output) & set(site.components))


def _arc_of_output(valp: Valp, finding: Finding, site: Site) -> bool:
    inside = output_subgraph(valp, finding.output) | {finding.output}
    return any(target in inside for _, target in site.arcs)


def _arc_from_network(valp: Valp, finding: Finding, site: Site) -> bool:  # noqa: ARG001
    return any(source == finding.component for source, _ in site.arcs)


def _arc_only_to_output(valp: Valp, finding: Finding, site: Site) -> bool:
    return any(s == finding.component and _serves(valp, t) == {finding.output} for s, t in site.arcs)


def _lower_rate(valp: Valp, finding: Finding, site: Site) -> bool:  # noqa: ARG001
    return finding.output in site.outputs and site.place == "decrease"


def _output(valp: Valp, finding: Finding, site: Site) -> bool:  # noqa: ARG001
    return finding.output in site.outputs


def _serves(valp: Valp, target: str) -> set[str]:
    return {target} if target in valp.tasks else set(served_outputs(valp, target))


WHERE: Mapping[str, Where] = {
    "network": _network,
    "network-of-output": _network_of_output,
    "arc-of-output": _arc_of_output,
    "arc-from-network": _arc_from_network,
    "arc-only-to-output": _arc_only_to_output,
    "lower-rate": _lower_rate,
    "output": _output,
}


def priority(operator: Operator) -> int:
    """Return the tier of the hierarchy of VII-D: 0 reducers and donations, 1 aggressive expanders, 2 everything gentle.

    VII-D ranks mutations. A donation replaces what "is assumed not to be working properly" by what does work, instead
    of expanding it, so it goes before the expanders; lot decides between it and a reducer.
    """
    if operator.effect == "reducer" or operator.scope == "crossover":
        return 0
    return 2 if operator.gentle else 1

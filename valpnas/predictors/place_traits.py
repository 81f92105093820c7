"""Traits of places: those of the networks and outputs that a change would touch, as one row of numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import log
from statistics import fmean

from valpnas.contracts.finding import Finding
from valpnas.contracts.operator import Site
from valpnas.graph.subgraphs import output_subgraph
from valpnas.graph.valp import Valp
from valpnas.predictors.network_traits import NETWORK_TRAITS
from valpnas.predictors.output_traits import OUTPUT_TRAITS, Traits

PLACE_TRAITS = tuple(
    sorted(
        [
            *(f"{end}.{trait}" for end in ("source", "target") for trait in ("is network", *NETWORK_TRAITS)),
            *(f"outputs.{trait}" for trait in (*OUTPUT_TRAITS, "share")),
            "relevance",
            "relevance.mean",
        ]
    )
)
"""What ``place_traits`` computes, sorted: the columns of a table of gains."""

_LEAST = 1e-9


def relevances(findings: Sequence[Finding]) -> dict[tuple[str, str], float]:
    """Return the log loss ratio of module intervention by network and output."""
    found: dict[tuple[str, str], float] = {}
    for finding in findings:
        for name, value in finding.evidence.items():
            what, _, output = name.partition(" ")
            if what == "ratio":
                found[finding.component, finding.output or output] = log(max(value, _LEAST))
    return found


def place_traits(
    valp: Valp,
    site: Site,
    networks: Mapping[str, Traits],
    outputs: Mapping[str, Traits],
    relevance: Mapping[tuple[str, str], float],
) -> Traits:
    """Return the traits of ``site``: of its source and its target where it is an arc, else of its component.

    ``source.<trait>`` and ``target.<trait>`` are those of networks, all 0 where an end is an input or an output;
    ``outputs.<trait>`` are the means over the outputs that the change can reach, ``outputs.share`` how many of all
    these are; ``relevance`` is the highest of a touched network to any of them, ``relevance.mean`` the mean.
    """
    source = site.arcs[0][0] if site.arcs else next(iter(site.components), "")
    target = site.arcs[0][1] if site.arcs else source
    touched = {source, target, *site.components, *(end for arc in site.arcs for end in arc)}
    reached = [o for o in valp.tasks if o in site.outputs or (touched & (output_subgraph(valp, o) | {o}))]
    ratios = [ratio for (network, output), ratio in relevance.items() if network in touched and output in reached]
    return {
        **dict(_of_end("source", networks.get(source))),
        **dict(_of_end("target", networks.get(target))),
        **{f"outputs.{t}": fmean(outputs[o][t] for o in reached) if reached else 0.0 for t in OUTPUT_TRAITS},
        "outputs.share": len(reached) / len(valp.tasks),
        "relevance": max(ratios, default=0.0),
        "relevance.mean": fmean(ratios) if ratios else 0.0,
    }


def _of_end(role: str, own: Traits | None) -> Iterator[tuple[str, float]]:
    yield f"{role}.is network", float(own is not None)
    yield from ((f"{role}.{trait}", own[trait] if own else 0.0) for trait in NETWORK_TRAITS)

"""Traits of places: those of the networks and outputs that a change would touch, as one row of numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import log

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
"""What ``Places.traits`` returns, sorted: the columns of a table of gains."""

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


class Places:
    """The places of one model, whose traits are made of those of its parts; each place is looked at once."""

    def __init__(
        self,
        valp: Valp,
        networks: Mapping[str, Mapping[str, float]],
        outputs: Mapping[str, Mapping[str, float]],
        relevance: Mapping[tuple[str, str], float],
    ) -> None:
        """Take traits by name of network and output, and relevance by network and output."""
        self._outputs, self._relevance, self._known = outputs, relevance, dict[Site, Traits]()
        self._ends = {
            (role, name): dict(_of_end(role, networks.get(name)))
            for role in ("source", "target")
            for name in ("", *(vertex.name for vertex in valp.inputs), *valp.specs, *valp.tasks)
        }
        self._reached = {o: output_subgraph(valp, o) | {o} for o in valp.tasks}

    def traits(self, site: Site) -> Traits:
        """Return the traits of ``site``: of its source and its target where it is an arc, else of its component.

        ``source.<trait>`` and ``target.<trait>`` are those of networks, all 0 where an end is an input or an output;
        ``outputs.<trait>`` are the means over the outputs that the change can reach, ``outputs.share`` how many of all
        these are; ``relevance`` is the highest of a touched network to any of them, ``relevance.mean`` the mean.
        """
        if site not in self._known:
            self._known[site] = self._of(site)
        return self._known[site]

    def _of(self, site: Site) -> Traits:
        source = site.arcs[0][0] if site.arcs else next(iter(site.components), "")
        target = site.arcs[0][1] if site.arcs else source
        touched = {*site.components, *(end for arc in site.arcs for end in arc)}
        everywhere = not touched and not site.outputs  # a change of how the whole model is trained
        reached = [
            o
            for o, inside in self._reached.items()
            if everywhere or o in site.outputs or not touched.isdisjoint(inside)
        ]
        pairs = ((network, output) for network in sorted(touched) for output in reached)
        ratios = [self._relevance[pair] for pair in pairs if pair in self._relevance]
        n = max(len(reached), 1)
        return {
            **self._ends["source", source],
            **self._ends["target", target],
            **{f"outputs.{t}": sum(self._outputs[o][t] for o in reached) / n for t in OUTPUT_TRAITS},
            "outputs.share": len(reached) / len(self._reached),
            "relevance": max(ratios, default=0.0),
            "relevance.mean": sum(ratios) / max(len(ratios), 1),
        }


def _of_end(role: str, own: Mapping[str, float] | None) -> Iterator[tuple[str, float]]:
    yield f"{role}.is network", float(own is not None)
    yield from ((f"{role}.{trait}", own[trait] if own else 0.0) for trait in NETWORK_TRAITS)

"""What several macro operators must know before they draw an arc: the decoder rule, and what a receiver can hear."""

from __future__ import annotations

from dataclasses import dataclass

from valpnas.catalog import network_kind
from valpnas.graph.spec import Shape
from valpnas.graph.subgraphs import sampling_zone
from valpnas.graph.tasks import Generation
from valpnas.graph.valp import Valp


@dataclass(frozen=True)
class DecoderRule:
    """Which arcs would let an input reach a generation output without passing a decoder.

    Worked out once per VALP, because building and validating every candidate graph would cost a hundred times more.
    """

    exposed: frozenset[str]
    sampled: frozenset[str]

    @staticmethod
    def of(valp: Valp) -> DecoderRule:
        """Find what inputs reach without a decoder, and what lies between decoders and generation outputs."""
        exposed = {vertex.name for vertex in valp.inputs}
        for network in valp.order:
            if not valp.specs[network].decodes and exposed.intersection(valp.sources(network)):
                exposed.add(network)
        generated = [name for name, task in valp.tasks.items() if isinstance(task, Generation)]
        zones = [sampling_zone(valp, name) | {name} for name in generated]
        return DecoderRule(frozenset(exposed), frozenset().union(*zones))

    def allows(self, source: str, target: str) -> bool:
        """Say whether an arc from ``source`` to ``target`` keeps the rule."""
        return not (source in self.exposed and target in self.sampled)


def hears(valp: Valp, target: str, shape: Shape, instead: str = "") -> bool:
    """Say whether ``target`` can take a further source of ``shape``, or one in place of ``instead`` if that is named.

    Outputs flatten whatever comes.
    """
    if target in valp.tasks:
        return True
    spec = valp.specs[target]
    others = [valp.shape(source) for source in valp.sources(target) if source != instead]
    return network_kind(spec.kind).accepts(shape) and spec.takes([*others, shape])

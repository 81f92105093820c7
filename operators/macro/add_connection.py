"""add_connection: one more source for a receiver ([VALP] V-B; zero row blocks, facts E2.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from valpnas.contracts.model import Model, Mutated
from valpnas.contracts.operator import Aggressiveness, Effect, Hint, Operator, Scope, Site
from valpnas.errors import OperatorError
from valpnas.graph.valp import Valp
from valpnas.networks.draft import Draft
from valpnas.networks.module import prefix_of
from valpnas.operators.macro._legality import DecoderRule, hears


@dataclass(frozen=True)
class AddConnection(Operator):
    """Add an arc from an input or sub-network to a sub-network or output. Gentle: its weights are zero, so that it
    is learned before it is heard. Aggressive: its weights are random, or those a chooser proposes.

    Legal where no arc is yet, none leads back, and no input would reach a generation output without a decoder.

    Hint of the aggressive variant: ``block``, the new row block ``(numbers the source emits, units of the receiver)``,
    such as a fan-out chosen from gradients. It needs a receiver whose row block is one tensor: an output, or a dense
    network without a branch at its input.
    """

    name: str = "add_connection/gentle"
    scope: Scope = "macro"
    effect: Effect = "extender"
    aggressiveness: Aggressiveness = "gentle"

    def sites(self, valp: Valp) -> Sequence[Site]:
        """Return every legal new arc."""
        rule = DecoderRule.of(valp)
        sources = [*(vertex.name for vertex in valp.inputs), *valp.specs]
        behind = {network: valp.descendants(network) for network in valp.specs}
        return [
            Site(arcs=((source, target),))
            for source in sources
            for target in (*valp.specs, *valp.tasks)
            if source != target
            and (source, target) not in valp.arc_map
            and source not in behind.get(target, ())
            and rule.allows(source, target)
            and hears(valp, target, valp.shape(source))
        ]

    def apply(self, parents: tuple[Model, ...], site: Site, hint: Hint | None, rng: np.random.Generator) -> Mutated:
        """Add the site's arc; raises ``OperatorError`` when a hinted block does not fit its receiver."""
        draft = Draft(parents[0], rng)
        ((source, target),) = site.arcs
        draft.connect(source, target, "zero" if self.gentle else "random")
        if not self.gentle and hint is not None and "block" in hint:
            _use_block(draft, source, target, hint["block"])
        return draft.finish()


def _use_block(draft: Draft, source: str, target: str, block: Tensor) -> None:
    new = {name: tensor for name, tensor in draft.tensors(target).items() if name.startswith(f"sources.{source}.")}
    shapes = [tuple(tensor.shape) for tensor in new.values()]
    if shapes != [tuple(block.shape)]:
        raise OperatorError(
            f"expected the hint 'block' to be the one new tensor of {target}, of shape "
            f"{' and '.join(map(str, shapes))}, got {tuple(block.shape)}; leave the hint out for random weights"
        )
    draft.put(prefix_of(draft.valp, target) + next(iter(new)), block)

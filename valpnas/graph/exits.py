"""Exits: what the loss of an output is made of where sub-networks before it have classifiers inside.

An exit is trained while its network is heard by the output that it answers. Operators may move the network about: the
exit names its output, and outputs stay.
"""

from __future__ import annotations

from dataclasses import dataclass

from valpnas.graph.valp import Valp


@dataclass(frozen=True)
class InnerLoss:
    """The loss of the exit ``index`` of ``network``, and its ``weight`` in that of the output."""

    network: str
    index: int
    weight: float


@dataclass(frozen=True)
class LossShares:
    """The weights that an output's loss is summed with: of its head, and of the exits that answer it."""

    head: float = 1.0
    exits: tuple[InnerLoss, ...] = ()


def loss_shares(valp: Valp, output: str) -> LossShares:
    """Return the shares of ``output``; where several networks answer it, each has an equal part in them."""
    before = valp.ancestors(output)
    found = {name: spec.inner_exits for name, spec in valp.specs.items() if name in before}
    answering = {name: each for name, each in found.items() if each and each.output == output}
    if not answering:
        return LossShares()
    part = 1 / len(answering)
    return LossShares(
        sum(part * each.head for each in answering.values()),
        tuple(
            InnerLoss(name, index, part * weight)
            for name, each in answering.items()
            for index, weight in enumerate(each.weights)
        ),
    )

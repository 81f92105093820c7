"""Inheritance: the one function that carries all state but the weights through a change of structure.

Operators say where each tensor comes from; they never touch optimiser state themselves. Surviving entries keep
their moments. New entries start with a first moment of zero and a second moment equal to the mean of that tensor's:
a zero second moment under an old step count would make the first update about three times the learning rate
(facts E3). A tensor that is new as a whole starts without state, and so with bias correction of its own.

A group that splits hands its state to each of its parts. Groups that merge bring theirs together; a tensor that both
drove keeps that of the first output, since no mixture of two moments is the moment of the summed loss.

What loss balancing has learned goes with the output, however it is trained from then on; a new output begins afresh.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from valpnas.contracts.model import Lineage, Model, Mutated, Origin, Slots
from valpnas.graph.optimiser_groups import OptimiserGroup, optimiser_groups

# State in which "nothing seen yet" is zero; every other state per entry is a second moment or a sum of squares.
_FIRST_MOMENTS = frozenset({"exp_avg", "momentum_buffer", "grad_avg"})


def inherit(parents: Sequence[Model], mutated: Mutated) -> Model:
    """Return the child model with every state that survives ``mutated``'s lineage."""
    lineage = mutated.lineage
    return Model(
        valp=mutated.valp,
        weights=mutated.weights,
        buffers=mutated.buffers,
        optimiser=_optimiser(parents, mutated),
        histories=_histories(parents, lineage),
        ages=_ages(parents, mutated),
        batches=parents[0].batches,
        changed_at=parents[0].batches,
        balancer=_balancer(parents, lineage),
    )


def gather(tensor: Tensor, index: tuple[np.ndarray | None, ...], fill: Tensor | float = 0.0) -> Tensor:
    """Return ``tensor`` re-indexed per dimension as ``Origin`` says, with ``fill`` where the index is -1."""
    for dimension, wanted in enumerate(index):
        if wanted is None:
            continue
        rows = torch.as_tensor(wanted, dtype=torch.long, device=tensor.device)
        taken = tensor.index_select(dimension, rows.clamp(min=0))
        is_new = (rows < 0).reshape([-1 if d == dimension else 1 for d in range(tensor.dim())])
        tensor = torch.where(is_new, torch.as_tensor(fill, dtype=tensor.dtype, device=tensor.device), taken)
    return tensor


def _histories(parents: Sequence[Model], lineage: Lineage) -> dict[str, Tensor]:
    known = lineage.outputs.items()
    return {output: parents[p].histories[output] for output, p in known if output in parents[p].histories}


def _balancer(parents: Sequence[Model], lineage: Lineage) -> dict[str, Slots]:
    known = lineage.outputs.items()
    return {output: parents[p].balancer[output] for output, p in known if output in parents[p].balancer}


def _ages(parents: Sequence[Model], mutated: Mutated) -> dict[str, int]:
    known = mutated.lineage.networks
    return {n.id: parents[known[n.id][0]].ages[known[n.id][1]] if n.id in known else 0 for n in mutated.valp.networks}


def _optimiser(parents: Sequence[Model], mutated: Mutated) -> dict[str, Mapping[str, Slots]]:
    """Carry each optimiser group's state; a group whose algorithm changed starts afresh."""
    state: dict[str, Mapping[str, Slots]] = {}
    for group in optimiser_groups(mutated.valp):
        carried = {
            name: _slots(found, origin)
            for name, origin in _origins(mutated.lineage, mutated.weights)
            if (found := _state_before(parents[origin.parent], group, origin.tensor)) is not None
        }
        if carried:
            state[group.lead] = carried
    return state


def _origins(lineage: Lineage, weights: Mapping[str, Tensor]) -> list[tuple[str, Origin]]:
    return [(name, lineage.tensors[name]) for name in weights if name in lineage.tensors]


def _state_before(parent: Model, group: OptimiserGroup, tensor: str) -> Slots | None:
    """Return the state of ``tensor`` under the first of the group's outputs that drove it by the same algorithm."""
    groups = optimiser_groups(parent.valp)
    for output in group.outputs:
        for before in groups:
            if output in before.outputs and before.how.algorithm == group.how.algorithm:
                slots = parent.optimiser.get(before.lead, {}).get(tensor)
                if slots is not None:
                    return slots
    return None


def _slots(slots: Slots, origin: Origin) -> dict[str, Tensor]:
    return {part: _carry(part, value, origin) for part, value in slots.items()}


def _carry(part: str, value: Tensor, origin: Origin) -> Tensor:
    if value.dim() == 0:  # a step count, not a state per entry
        return value
    is_new = any(index is not None and bool((index < 0).any()) for index in origin.index)
    return gather(value, origin.index, fill=value.mean() if is_new and part not in _FIRST_MOMENTS else 0.0)

"""Model: a VALP with everything training has made of it, and how a changed model descends from its parents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from torch import Tensor

from valpnas.graph.valp import Valp

# The state that is kept of one tensor by an optimiser, or of one output by a balancer, by the name of each part
# ("exp_avg", "step", ...).
Slots = Mapping[str, Tensor]


@dataclass(frozen=True, eq=False)
class Model:
    """A VALP and its state. Never altered in place: operators and training return another one.

    Tensor names are those of the torch module: ``networks.<id>.<...>`` and ``outputs.<name>.<...>``.
    ``optimiser`` is keyed by the lead output of an optimiser group, then by tensor name. ``histories`` holds
    each output's loss per batch, ``(batches,)`` float32. ``ages`` counts the batches each sub-network has
    been trained since it was made; ``batches`` those of the whole line of descent, ``changed_at`` is its value when
    the structure last changed, and ``disturbed_at`` its value when a change last altered the function or the way it
    is trained: gentle changes of structure do neither. ``balancer`` holds what loss balancing has learned, scalars by
    output; it is empty for a balancing that learns nothing.
    """

    valp: Valp
    weights: Mapping[str, Tensor]
    buffers: Mapping[str, Tensor] = field(default_factory=dict)
    optimiser: Mapping[str, Mapping[str, Slots]] = field(default_factory=dict)
    histories: Mapping[str, Tensor] = field(default_factory=dict)
    ages: Mapping[str, int] = field(default_factory=dict)
    batches: int = 0
    changed_at: int = 0
    balancer: Mapping[str, Slots] = field(default_factory=dict)
    disturbed_at: int = 0

    @property
    def parameters(self) -> int:
        """Number of trainable weights."""
        return sum(tensor.numel() for tensor in self.weights.values())


@dataclass(frozen=True, eq=False)
class Origin:
    """Where the entries of a tensor come from: entry ``[i, j]`` was ``[index[0][i], index[1][j]]`` of ``tensor``.

    An index of ``None`` means that dimension is taken over whole; -1 in an index marks a new row or column.
    """

    tensor: str
    index: tuple[np.ndarray | None, ...] = ()
    parent: int = 0


@dataclass(frozen=True, eq=False)
class Lineage:
    """How a child's state descends from its parents'; what is not mentioned is new.

    ``tensors``: origin by name of the child's tensor, weight or buffer. ``networks``: (parent, id there) by
    sub-network id. ``outputs``: index of the parent whose loss history and balancing an output carries on.
    """

    tensors: Mapping[str, Origin]
    networks: Mapping[str, tuple[int, str]]
    outputs: Mapping[str, int]


@dataclass(frozen=True, eq=False)
class Mutated:
    """What an operator returns: the new VALP, all its weights and buffers, and their lineage."""

    valp: Valp
    weights: Mapping[str, Tensor]
    buffers: Mapping[str, Tensor]
    lineage: Lineage

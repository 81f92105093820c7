"""Draft: a model being changed. Operators are written in its few verbs; it keeps graph, tensors and lineage in step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from valpnas.contracts.model import Lineage, Model, Mutated, Origin
from valpnas.contracts.network_kind import Grown
from valpnas.errors import OperatorError
from valpnas.graph.spec import Spec
from valpnas.graph.valp import Arc, SubNetwork, Valp
from valpnas.networks.module import fresh_component, prefix_of
from valpnas.networks.tensor_edits import compose

Block = Literal["zero", "random"]


class Draft:
    """A working copy of ``parent``; ``finish`` returns what an operator must. The parent is never written to.

    The graph may break rules while the draft is worked on; the kernel checks the finished one.
    """

    def __init__(self, parent: Model, rng: np.random.Generator) -> None:
        """Start from ``parent``; every random weight is drawn from ``rng``."""
        self.valp: Valp = parent.valp
        self.rng = rng
        self.weights: dict[str, Tensor] = dict(parent.weights)
        self.buffers: dict[str, Tensor] = dict(parent.buffers)
        tensors = {**parent.weights, **parent.buffers}
        self.origins: dict[str, Origin] = {name: Origin(name, (None,) * t.dim()) for name, t in tensors.items()}
        self.networks: dict[str, tuple[int, str]] = {n.id: (0, n.id) for n in parent.valp.networks}

    @property
    def dtype(self) -> torch.dtype:
        """The floating type the model computes in."""
        return self._like.dtype

    # -- arcs -----------------------------------------------------------------------------------------

    def connect(self, source: str, target: str, block: Block, identity: bool = False) -> None:
        """Add an arc; the target hears the new source not at all (``zero``) or through random weights."""
        self._set_arcs([*self.valp.arcs, Arc(source, target, identity)])
        prefix = prefix_of(self.valp, target)
        weights, buffers = fresh_component(self.valp, target, self.rng)
        for name in [n for n in weights if n.startswith(f"sources.{source}.")]:
            fresh = torch.zeros_like(weights[name]) if block == "zero" else weights[name]
            self.put(prefix + name, fresh)
        self._put_buffers({prefix + n: b for n, b in buffers.items() if n.startswith(f"sources.{source}.")})

    def disconnect(self, source: str, target: str) -> None:
        """Remove an arc and the target's row block for it."""
        self._set_arcs([arc for arc in self.valp.arcs if (arc.source, arc.target) != (source, target)])
        self._drop(self._block(source, target))

    def redirect(self, source: str, target: str, instead: str) -> None:
        """Let ``target`` hear ``instead`` through the very weights with which it heard ``source``.

        The arc's identity flag moves along. Raises ``OperatorError`` when the two emit different shapes, or when
        ``target`` hears ``instead`` already: its row block for it would be lost.
        """
        if (instead, target) in self.valp.arc_map:
            raise OperatorError(f"expected {target} not to hear {instead} yet, got an arc already; share its block")
        asked, got = self.valp.shape(source), self.valp.shape(instead)
        if asked != got:
            raise OperatorError(f"expected {instead} to emit {asked} like {source}, got {got}")
        moved = self._block(source, target)
        self._set_arcs(
            [replace(a, source=instead) if (a.source, a.target) == (source, target) else a for a in self.valp.arcs]
        )
        for name in moved:
            self._rename(name, _for_source(name, source, instead))

    def share_block(self, source: str, target: str, copy: str) -> None:
        """Let ``target`` hear ``copy`` as well as ``source``, which emits the same: each weight is split between them.

        Exact for any kind of network, because every receiver is linear in its row blocks. Shares lie in (1/4, 3/4)
        and differ from weight to weight, so that the twins' gradients differ in direction and they part.
        """
        self._set_arcs([*self.valp.arcs, Arc(copy, target)])
        for name in self._block(source, target):
            self._copy(name, _for_source(name, source, copy))
            table = self.weights if name in self.weights else self.buffers
            whole = table[name]
            if whole.is_floating_point():
                shares = torch.as_tensor(self.rng.uniform(0.25, 0.75, tuple(whole.shape))).to(whole)
                table[name], table[_for_source(name, source, copy)] = whole * (1 - shares), whole * shares

    # -- sub-networks ---------------------------------------------------------------------------------

    def add_network(self, spec: Spec, arcs_in: Mapping[str, bool]) -> str:
        """Add a newly initialised sub-network fed by these sources (with or without identity); returns its id."""
        new = self.valp.fresh_id()
        arcs = [*self.valp.arcs, *(Arc(source, new, identity) for source, identity in arcs_in.items())]
        self.valp = self.valp.with_networks([*self.valp.networks, SubNetwork(new, spec)], arcs)
        weights, buffers = fresh_component(self.valp, new, self.rng)
        for name, tensor in weights.items():
            self.put(f"networks.{new}.{name}", tensor)
        self._put_buffers({f"networks.{new}.{name}": buffer for name, buffer in buffers.items()})
        return new

    def copy_network(self, network: str) -> str:
        """Add a copy of a sub-network, weights and optimiser state included, fed by the same sources; returns its id.

        The copy counts as newborn: a young network looks irrelevant before training has told it from its twin.
        """
        new = self.valp.fresh_id()
        arcs = [*self.valp.arcs, *(replace(arc, target=new) for arc in self.valp.arcs_into(network))]
        self.valp = self.valp.with_networks([*self.valp.networks, SubNetwork(new, self.valp.specs[network])], arcs)
        old = f"networks.{network}."
        for name in [n for n in [*self.weights, *self.buffers] if n.startswith(old)]:
            self._copy(name, f"networks.{new}.{name.removeprefix(old)}")
        return new

    def remove_network(self, network: str) -> None:
        """Remove a sub-network with its arcs and every receiver's row block for it."""
        for target in self.valp.targets(network):
            self.disconnect(network, target)
        self._drop([name for name in [*self.weights, *self.buffers] if name.startswith(f"networks.{network}.")])
        arcs = [arc for arc in self.valp.arcs if arc.target != network]
        self.valp = self.valp.with_networks([n for n in self.valp.networks if n.id != network], arcs)
        self.networks.pop(network, None)

    def set_network(self, network: str, grown: Grown) -> None:
        """Replace a sub-network by what a growth rule made of it."""
        prefix = f"networks.{network}."
        before = {name: self.origins[name] for name in self.origins if name.startswith(prefix)}
        self._drop([name for name in [*self.weights, *self.buffers] if name.startswith(prefix)])
        self.valp = self.valp.with_spec(network, grown.spec)
        self.weights |= {prefix + name: tensor for name, tensor in grown.tensors.items()}
        self.buffers |= {prefix + name: tensor for name, tensor in grown.buffers.items()}
        for name in (*grown.tensors, *grown.buffers):
            if (origin := grown.origins.get(name)) and (earlier := before.get(prefix + origin.tensor)):
                self.origins[prefix + name] = compose(earlier, origin.index)

    # -- tensors --------------------------------------------------------------------------------------

    def tensors(self, component: str) -> dict[str, Tensor]:
        """Return the weights of a component, named relative to it."""
        prefix = prefix_of(self.valp, component)
        return {name.removeprefix(prefix): tensor for name, tensor in self.weights.items() if name.startswith(prefix)}

    def state(self, component: str) -> dict[str, Tensor]:
        """Return the weights and buffers of a component, named relative to it."""
        prefix = prefix_of(self.valp, component)
        tensors = {**self.weights, **self.buffers}
        return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}

    def put(self, name: str, tensor: Tensor) -> None:
        """Add a tensor that no parent had."""
        self.weights[name] = tensor.to(self._like)
        self.origins.pop(name, None)

    def overwrite(self, name: str, tensor: Tensor) -> None:
        """Give a tensor other values of the same shape; its optimiser state stays."""
        self.weights[name] = tensor.to(self._like)

    def finish(self) -> Mutated:
        """Return the changed model's parts for the kernel to check."""
        outputs = {output.name: 0 for output in self.valp.outputs}
        return Mutated(self.valp, self.weights, self.buffers, Lineage(self.origins, self.networks, outputs))

    # -- inside ---------------------------------------------------------------------------------------

    @property
    def _like(self) -> Tensor:
        """A tensor of the floating type and on the device of the model; there always is one, outputs have biases."""
        return next(iter(self.weights.values()))

    def _put_buffers(self, buffers: Mapping[str, Tensor]) -> None:
        for name, buffer in buffers.items():
            self.buffers[name] = buffer.to(self._like) if buffer.is_floating_point() else buffer.to(self._like.device)
            self.origins.pop(name, None)

    def _copy(self, name: str, instead: str) -> None:
        """Enter a tensor a second time, with its origin; never the same memory, which training would write to twice."""
        for table in (self.weights, self.buffers):
            if name in table:
                table[instead] = table[name].clone()
        if name in self.origins:
            self.origins[instead] = self.origins[name]

    def _set_arcs(self, arcs: list[Arc]) -> None:
        self.valp = self.valp.with_networks(self.valp.networks, arcs)

    def _tables(self) -> tuple[dict[str, Any], ...]:
        return self.weights, self.buffers, self.origins

    def _block(self, source: str, target: str) -> list[str]:
        prefix = f"{prefix_of(self.valp, target)}sources.{source}."
        return [name for name in [*self.weights, *self.buffers] if name.startswith(prefix)]

    def _rename(self, name: str, instead: str) -> None:
        for table in self._tables():
            if name in table:
                table[instead] = table.pop(name)

    def _drop(self, names: Iterable[str]) -> None:
        for name in list(names):
            for table in self._tables():
                table.pop(name, None)


def _for_source(name: str, source: str, instead: str) -> str:
    return name.replace(f".sources.{source}.", f".sources.{instead}.", 1)

"""Does all state survive an operator? Its lineage, and what the kernel makes of it: moments, histories, ages."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from valpnas.contracts.model import Model, Mutated, Origin, Slots
from valpnas.graph.optimiser_groups import OptimiserGroup, optimiser_groups
from valpnas.testing.conformance_error import ConformanceError, require

LINEAGE = "lineage covers everything that survives"
MOMENTS = "optimiser state survives with its weights"
RECORDS = "histories and ages are carried on"

_FIRST_MOMENTS = ("exp_avg", "momentum_buffer", "grad_avg")  # new entries start at zero; in other slots at the mean


def check_lineage(what: str, parents: tuple[Model, ...], mutated: Mutated) -> None:
    """Raise ``ConformanceError`` when the lineage an operator returned is impossible or leaves something out."""
    for name, origin in mutated.lineage.tensors.items():
        _check_origin(f"{what}: {name}", origin, parents, _tensors(mutated).get(name))
    _check_complete(what, parents[0], mutated)


def check_state_carried(what: str, parents: tuple[Model, ...], mutated: Mutated, child: Model) -> None:
    """Raise ``ConformanceError`` when ``child``, made of ``mutated``, lost state that the lineage covers."""
    for group in optimiser_groups(child.valp):
        _check_moments(what, group, parents, mutated, child)
    _check_records(what, parents, mutated, child)


def _check_origin(what: str, origin: Origin, parents: tuple[Model, ...], tensor: Tensor | None) -> None:
    require(tensor is not None, LINEAGE, f"{what} to be a tensor of the new model", "no such tensor")
    require(0 <= origin.parent < len(parents), LINEAGE, f"{what} to name a parent", origin.parent)
    source = _tensors(parents[origin.parent]).get(origin.tensor)
    require(source is not None, LINEAGE, f"{what} to name a tensor of its parent", origin.tensor)
    if tensor is None or source is None:
        return
    index = _full(origin, source)
    require(len(index) == source.dim() == tensor.dim(), LINEAGE, f"{what} to have an index per dimension", len(index))
    for size, entries, wanted in zip(source.shape, index, tensor.shape, strict=True):
        fits = len(entries) == wanted and (not len(entries) or (entries.min() >= -1 and entries.max() < size))
        require(fits, LINEAGE, f"{what} to take {wanted} entries among {size}", entries.tolist())


def _full(origin: Origin, source: Tensor) -> list[np.ndarray]:
    """Return the origin's indices written out, one per dimension."""
    given = origin.index or (None,) * source.dim()
    sizes = source.shape if len(given) == source.dim() else (0,) * len(given)
    return [np.arange(size) if entries is None else entries for size, entries in zip(sizes, given, strict=True)]


def _check_complete(what: str, parent: Model, mutated: Mutated) -> None:
    """Whatever stands unchanged under its old name must be known to have survived, or to have moved elsewhere."""
    claimed = {origin.tensor for origin in mutated.lineage.tensors.values() if origin.parent == 0}
    for name, tensor in _tensors(mutated).items():
        before = _tensors(parent).get(name)
        if before is not None and torch.equal(before, tensor) and not _constant(tensor):
            known = name in mutated.lineage.tensors or name in claimed
            require(known, LINEAGE, f"{what}: an origin for the unchanged {name}", "none")
    for network in {n.id for n in mutated.valp.networks} & set(parent.valp.specs):
        require(network in mutated.lineage.networks, LINEAGE, f"{what}: an origin for network {network}", "none")
    for output in set(mutated.valp.tasks) & set(parent.valp.tasks):
        require(output in mutated.lineage.outputs, LINEAGE, f"{what}: a history for output {output}", "none")


def _tensors(holder: Model | Mutated) -> dict[str, Tensor]:
    return {**holder.weights, **holder.buffers}


def _constant(tensor: Tensor) -> bool:
    """Say whether all entries are alike, as those of a tensor that has just been initialised may be too."""
    return bool((tensor == tensor.flatten()[0]).all())


def _check_moments(
    what: str, group: OptimiserGroup, parents: tuple[Model, ...], mutated: Mutated, child: Model
) -> None:
    before = [_state_before(parent, group) for parent in parents]
    after = child.optimiser.get(group.lead, {})
    for name, origin in mutated.lineage.tensors.items():
        slots = before[origin.parent].get(origin.tensor, {})
        came: Mapping[str, Tensor] = after.get(name, {})
        require(set(slots) <= set(came), MOMENTS, f"{what}: {sorted(slots)} for {name}", sorted(came))
        for part, value in slots.items():
            if not torch.equal(expected := _carried(part, value, origin), came[part]):
                raise ConformanceError(MOMENTS, f"{what}: {part} of {name} to be {expected}", f"{came[part]}")


def _state_before(parent: Model, group: OptimiserGroup) -> Mapping[str, Slots]:
    """Return the state of the parent's group that drove this group's lead, if by the same algorithm."""
    for earlier in optimiser_groups(parent.valp):
        if group.lead in earlier.outputs and earlier.how.algorithm == group.how.algorithm:
            return parent.optimiser.get(earlier.lead, {})
    return {}


def _carried(part: str, value: Tensor, origin: Origin) -> Tensor:
    """Return what a slot must become, entry by entry: survivors as they were, new ones 0 or the tensor's mean."""
    if value.dim() == 0 or all(entries is None for entries in origin.index):
        return value
    new = value.new_zeros(()) if part in _FIRST_MOMENTS else value.mean()
    index = _full(origin, value)
    result = new.expand([len(entries) for entries in index]).clone()
    old = np.ix_(*[np.flatnonzero(entries >= 0) for entries in index])
    result[old] = value[np.ix_(*[entries[entries >= 0] for entries in index])]
    return result


def _check_records(what: str, parents: tuple[Model, ...], mutated: Mutated, child: Model) -> None:
    for output, history in parents[0].histories.items():
        after = [p.histories.get(output) for p in parents]
        came = child.histories.get(output)
        kept = came is not None and any(h is not None and torch.equal(h, came) for h in after)
        require(kept, RECORDS, f"{what}: the history of {output}, {len(history)} batches", came)
    for output in parents[0].balancer:
        found = child.balancer.get(output)
        carried = any(_equal(found, parent.balancer.get(output)) for parent in parents)
        require(carried, RECORDS, f"{what}: the balancing of {output}", found)
    for network in child.valp.specs:
        known = mutated.lineage.networks.get(network)
        expected = 0 if known is None else parents[known[0]].ages[known[1]]
        require(child.ages.get(network) == expected, RECORDS, f"{what}: age {expected} of {network}", child.ages)
    marks = (child.batches, child.changed_at)
    require(marks == (parents[0].batches,) * 2, RECORDS, f"{what}: {parents[0].batches} batches so far", marks)


def _equal(one: Slots | None, other: Slots | None) -> bool:
    if one is None or other is None:
        return False
    return set(one) == set(other) and all(torch.equal(value, other[part]) for part, value in one.items())

"""check_growth: do a network kind's growth rules give networks of the same kind that others can still hear?"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from valpnas.contracts.network_kind import Grown, GrowthRule, NetworkKind, Source
from valpnas.contracts.space import Space
from valpnas.graph.spec import Spec
from valpnas.seeding import torch_stream
from valpnas.testing.conformance_error import require

PLACES = "places are a fixed list of words"
GROWN = "a grown network has exactly the tensors of its new spec"
SHAPE = "growth keeps the kind and the output shape, which receivers depend on"
UNTOUCHED = "growth does not alter the tensors it was given"
REPEATABLE = "the same stream grows the same network"


def check_growth(kind: NetworkKind, spec: Spec, space: Space, rng: np.random.Generator) -> int:
    """Try every rule of ``kind`` at every place of ``spec`` and return how many there were.

    That gentle rules keep the function is left to ``check_operator``, which sees the network in a model.

    Raises:
        ConformanceError: the first broken promise.
    """
    sources = {"a": Source((2,)), "b": Source((3,))}
    module = kind.build(spec, sources)
    kind.initialise(module, torch_stream(rng))
    tensors = {name: tensor.detach() for name, tensor in module.state_dict().items()}
    tried = 0
    for name, rule in kind.growth().items():
        places = rule.places(spec, space)
        require(places == rule.places(spec, space), PLACES, f"{name} to list {places} twice", "another list")
        require(len(set(places)) == len(places), PLACES, f"{name} to list each place once", places)
        for place in places:
            _check_place(kind, spec, tensors, sources, f"{name} at {place} of {spec}", rule, place, space, rng)
            tried += 1
    return tried


def _check_place(
    kind: NetworkKind,
    spec: Spec,
    tensors: Mapping[str, Tensor],
    sources: Mapping[str, Source],
    what: str,
    rule: GrowthRule,
    place: str,
    space: Space,
    rng: np.random.Generator,
) -> None:
    before = {name: tensor.clone() for name, tensor in tensors.items()}
    seed = int(rng.integers(2**31))
    grown, again = (rule.grow(spec, tensors, place, space, np.random.default_rng(seed)) for _ in range(2))
    changed = [name for name, tensor in before.items() if not torch.equal(tensor, tensors[name])]
    require(not changed and before.keys() == tensors.keys(), UNTOUCHED, f"{what} to leave {changed}", "other values")
    same = grown.spec == again.spec and _equal(grown, again)
    require(same, REPEATABLE, f"{what} to give {grown.spec} with the same tensors", again.spec)
    _check_grown(kind, spec, sources, what, grown)


def _equal(one: Grown, other: Grown) -> bool:
    first, second = {**one.tensors, **one.buffers}, {**other.tensors, **other.buffers}
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def _check_grown(kind: NetworkKind, spec: Spec, sources: Mapping[str, Source], what: str, grown: Grown) -> None:
    kept = (spec.kind, spec.output_shape, spec.decodes)
    came = (grown.spec.kind, grown.spec.output_shape, grown.spec.decodes)
    require(kept == came, SHAPE, f"{what} to keep {kept}", came)
    require(
        kind.read(grown.spec.to_json()) == grown.spec, SHAPE, f"{what} to give a spec that can be stored", grown.spec
    )
    module = kind.build(grown.spec, sources)
    for wanted, made in ((module.named_parameters(), grown.tensors), (module.named_buffers(), grown.buffers)):
        asked = {name: tuple(tensor.shape) for name, tensor in wanted}
        given = {name: tuple(tensor.shape) for name, tensor in made.items()}
        require(asked == given, GROWN, f"{what} to give {asked}", given)

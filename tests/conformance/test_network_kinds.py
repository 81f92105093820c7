"""Every kind of network keeps its promises, on drawn specs and on grown ones; and a kind that breaks one is caught."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from torch import Tensor

from valpnas import catalog
from valpnas.contracts.network_kind import DecoderModule, Grown, GrowthRule, NetworkModule, Source
from valpnas.contracts.space import ACTIVATIONS, Space
from valpnas.graph.spec import Spec
from valpnas.networks import NETWORK_KINDS
from valpnas.networks.cell import CellKind
from valpnas.networks.cell_spec import CellSpec
from valpnas.networks.decoder import DecoderKind, DecoderSpec
from valpnas.networks.dense import DenseKind, DenseModule
from valpnas.networks.dense_spec import DenseSpec
from valpnas.testing import growth_rules, network_kinds
from valpnas.testing.cell_strategies import cell_specs
from valpnas.testing.conformance_error import ConformanceError
from valpnas.testing.network_kinds import check_network_kind, check_spec
from valpnas.testing.strategies import SEEDS, decoder_specs, dense_specs, spaces

SPACE = Space(min_width=2, max_width=8, min_latent=1, max_latent=3, activations=ACTIVATIONS)
REPEATABLE = settings(
    derandomize=True, database=None, deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow]
)


@pytest.mark.parametrize("name", [entry.name for entry in NETWORK_KINDS])
def test_every_promise_is_kept_by_drawn_specs(name: str) -> None:
    specs = check_network_kind(catalog.network_kind(name), SPACE, np.random.default_rng(0))
    assert len(set(specs)) > 5


@REPEATABLE
@given(dense_specs(), spaces(), SEEDS)
def test_dense_networks_with_branches_keep_every_promise(spec: DenseSpec, space: Space, seed: int) -> None:
    check_spec(DenseKind(), spec, space, np.random.default_rng(seed))


@REPEATABLE
@given(decoder_specs(), spaces(), SEEDS)
def test_decoders_with_branches_keep_every_promise(spec: DecoderSpec, space: Space, seed: int) -> None:
    check_spec(DecoderKind(), spec, space, np.random.default_rng(seed))


@REPEATABLE
@given(cell_specs(), spaces(), SEEDS)
def test_cells_of_every_operation_keep_every_promise(spec: CellSpec, space: Space, seed: int) -> None:
    check_spec(CellKind(), spec, space, np.random.default_rng(seed))


# -- negative controls --------------------------------------------------------------------------------------


class Unseeded(DenseKind):
    """Draws from a stream of its own."""

    _own: ClassVar[np.random.Generator] = np.random.default_rng(0)

    def random(self, space: Space, rng: np.random.Generator) -> DenseSpec:  # noqa: ARG002
        return super().random(space, self._own)


class Misnamed(DenseKind):
    """Calls itself otherwise than its specs do."""

    name: ClassVar[str] = "sparse"


class Forgetful(DenseKind):
    """Leaves branches out of what it reads."""

    def read(self, data: Mapping[str, Any]) -> DenseSpec:
        return replace(super().read(data), layers=super().read(data).layers[:1])


class Uninitialised(DenseKind):
    """Leaves biases as they were."""

    def initialise(self, module: NetworkModule | DecoderModule, generator: torch.Generator) -> None:
        super().initialise(module, generator)
        module.get_parameter("main.0.bias").detach().fill_(float("nan"))


class GloballyRandom(DenseKind):
    """Initialises from torch's global stream."""

    def initialise(self, module: NetworkModule | DecoderModule, generator: torch.Generator) -> None:
        super().initialise(module, generator)
        torch.nn.init.uniform_(module.get_parameter("main.0.bias"))


class BatchModule(DenseModule):
    """Mixes the rows of a batch."""

    def forward(self, sources: Mapping[str, Tensor]) -> Tensor:
        value = super().forward(sources)
        return value - value.mean(0)


class QuadraticModule(DenseModule):
    """Hears the square of what its sources say."""

    def forward(self, sources: Mapping[str, Tensor]) -> Tensor:
        heard = {name: torch.tanh(value) for name, value in sources.items()}
        return super().forward(heard) + sum(value.flatten(1).sum(1, keepdim=True) for value in heard.values())


class DoublyIdenticalModule(DenseModule):
    """Adds an identity source twice."""

    def forward(self, sources: Mapping[str, Tensor]) -> Tensor:
        passed = [sources[name] for name in self.identities]
        return super().forward(sources) + sum(passed, torch.zeros(()))


def building(module: type[DenseModule]) -> DenseKind:
    """Return a kind that builds another module."""

    class Planted(DenseKind):
        def build(self, spec: Any, sources: Mapping[str, Source]) -> NetworkModule:
            return module(spec, sources)

    return Planted()


@dataclass
class Rule(GrowthRule):
    """A growth rule with a fault of choice."""

    fault: str

    def places(self, spec: Spec, space: Space) -> tuple[str, ...]:  # noqa: ARG002
        return ("main.0", "main.0") if self.fault == "places" else ("main.0",)

    def grow(
        self,
        spec: Any,
        tensors: Mapping[str, Tensor],
        place: str,  # noqa: ARG002
        space: Space,  # noqa: ARG002
        rng: np.random.Generator,  # noqa: ARG002
    ) -> Grown:
        changed = {name: tensor.clone() for name, tensor in tensors.items()}
        if self.fault == "altered":
            next(iter(tensors.values())).zero_()
        elif self.fault == "random":
            changed["main.0.bias"] = torch.as_tensor(Unseeded._own.standard_normal(len(changed["main.0.bias"])))
        elif self.fault == "tensors":
            del changed["main.0.bias"]
        return Grown(replace(spec, output=spec.output + 1) if self.fault == "shape" else spec, changed)


def growing(fault: str) -> DenseKind:
    """Return a kind with a faulty rule."""

    class Planted(DenseKind):
        def growth(self) -> Mapping[str, GrowthRule]:
            return {"add_layer/gentle": Rule(fault)}

    return Planted()


@pytest.mark.parametrize(
    ("kind", "promise"),
    [
        (Unseeded(), network_kinds.SPEC),
        (Misnamed(), network_kinds.SPEC),
        (Forgetful(), network_kinds.SPEC),
        (Uninitialised(), network_kinds.INITIALISED),
        (GloballyRandom(), network_kinds.INITIALISED),
        (building(BatchModule), network_kinds.VALUES),
        (building(QuadraticModule), network_kinds.SOURCES),
        (building(DoublyIdenticalModule), network_kinds.IDENTITY),
        (growing("places"), growth_rules.PLACES),
        (growing("altered"), growth_rules.UNTOUCHED),
        (growing("random"), growth_rules.REPEATABLE),
        (growing("tensors"), growth_rules.GROWN),
        (growing("shape"), growth_rules.SHAPE),
    ],
    ids=lambda value: getattr(type(value), "__name__", "") if isinstance(value, DenseKind) else "",
)
def test_a_broken_promise_is_caught(kind: DenseKind, promise: str) -> None:
    with pytest.raises(ConformanceError) as caught:
        check_network_kind(kind, replace(SPACE, min_layers=2), np.random.default_rng(0))
    assert caught.value.promise == promise

"""Kinds that the plan has no formulas for: through autograd, with the same result, and said in the log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tests.training.toy_data import losses_of, toy_model, toy_prepared
from valpnas.contracts.network_kind import NetworkModule, Source
from valpnas.networks.decoder import DecoderKind, VectorDecoder
from valpnas.networks.dense import DenseKind, DenseModule
from valpnas.networks.dense_spec import DenseSpec

from .shared import assert_close, assert_same, compiled, eager, trained

PREPARED = toy_prepared()


class Scaled(DenseModule):
    """A dense network with a weight of its own, whose output is centred by a running mean: a buffer."""

    def __init__(self, spec: DenseSpec, sources: Mapping[str, Source]) -> None:
        super().__init__(spec, sources)
        self.scale = nn.Parameter(torch.ones(spec.output))
        self.register_buffer("centre", torch.zeros(spec.output))

    def forward(self, sources: Mapping[str, Tensor]) -> Tensor:
        result: Tensor = super().forward(sources) * self.scale
        self.centre: Tensor
        if self.training:
            self.centre.lerp_(result.detach().mean(dim=0), 0.1)
        return result - self.centre


class StrangeDecoder(VectorDecoder):
    """Nothing is different, but the plan cannot know."""


class ScaledKind(DenseKind):
    def build(self, spec: Any, sources: Mapping[str, Source]) -> DenseModule:
        return Scaled(spec, sources)

    def initialise(self, module: Any, generator: torch.Generator) -> None:
        super().initialise(module, generator)
        nn.init.ones_(module.scale)
        nn.init.zeros_(module.centre)


class Counting(NetworkModule):
    """Nothing to train, and a buffer that every batch replaces by another tensor."""

    def __init__(self, spec: DenseSpec) -> None:
        super().__init__()
        self.width = spec.output
        self.register_buffer("seen", torch.zeros(()))

    def forward(self, sources: Mapping[str, Tensor]) -> Tensor:
        self.seen: Tensor
        if self.training:
            self.seen = self.seen + 1
        total = sum(value.flatten(1).sum(dim=1, keepdim=True) for value in sources.values())
        return torch.tanh(torch.as_tensor(total)).expand(-1, self.width)


class CountingKind(DenseKind):
    def build(self, spec: Any, sources: Mapping[str, Source]) -> NetworkModule:  # noqa: ARG002
        return Counting(spec)

    def initialise(self, module: Any, generator: torch.Generator) -> None:
        """Leave it as it is."""


class StrangeDecoderKind(DecoderKind):
    def build(self, spec: Any, sources: Mapping[str, Source]) -> VectorDecoder:
        return StrangeDecoder(spec, sources)


@pytest.fixture(params=["dense", "decoder", "both"])
def strange(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Make networks of one kind, or of both, strange to the plan."""
    kinds = {"dense": DenseKind(), "decoder": DecoderKind()}
    if request.param in ("dense", "both"):
        kinds["dense"] = ScaledKind()
    if request.param in ("decoder", "both"):
        kinds["decoder"] = StrangeDecoderKind()
    monkeypatch.setattr("valpnas.networks.module.network_kind", kinds.__getitem__)
    return str(request.param)


@pytest.mark.parametrize("seed", range(4))
def test_gradients_are_those_of_autograd(strange: str, seed: int) -> None:
    model = toy_model(PREPARED, seed, rates={"kind": 1e-3})
    rows = torch.arange(20)
    plan, found = compiled(model, PREPARED, losses_of(PREPARED), rows)
    expected_losses, expected = eager(model, PREPARED, losses_of(PREPARED), rows)
    assert torch.allclose(plan.losses, expected_losses, rtol=1e-5), strange
    owned = {lead: {n: g for n, g in named.items() if n in found[lead]} for lead, named in expected.items()}
    assert_close(found, owned, torch.float32)


@pytest.mark.parametrize("seed", range(4))
def test_a_phase_ends_at_the_same_model(strange: str, seed: int, caplog: pytest.LogCaptureFixture) -> None:
    model = toy_model(PREPARED, seed, rates={"kind": 1e-3})
    with caplog.at_level("INFO", "valpnas"):
        plain, planned = trained(model, PREPARED, losses_of(PREPARED), 60)
    assert_same(plain, planned, 5e-3)
    has_dense = any(network.spec.kind == "dense" for network in model.valp.networks)
    assert ("are trained through autograd" in caplog.text) == (strange != "dense" or has_dense)
    assert caplog.text.count("through autograd") <= 1


@pytest.mark.parametrize("rates", [{}, {"kind": 1e-3}], ids=["one group", "two groups"])
def test_networks_without_weights_pass_gradients_on_and_keep_their_buffers(
    rates: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = {"dense": CountingKind(), "decoder": DecoderKind()}
    monkeypatch.setattr("valpnas.networks.module.network_kind", kinds.__getitem__)
    model = toy_model(PREPARED, 0, rates=rates)
    plain, planned = trained(model, PREPARED, losses_of(PREPARED), 20)
    assert_same(plain, planned, 5e-3)
    assert planned.buffers
    assert {float(buffer) for buffer in planned.buffers.values()} == {20.0}

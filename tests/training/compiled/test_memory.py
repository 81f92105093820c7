"""A plan's memory goes when the plan goes: a search compiles one for every candidate."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest
import torch

from tests.training.toy_data import losses_of, toy_model, toy_prepared
from valpnas.contracts.protocol import Protocol
from valpnas.networks.dense import DenseKind, DenseModule
from valpnas.training.balancing.balancer import Balancer
from valpnas.training.balancing.fixed import Sum
from valpnas.training.balancing.uncertainty import Uncertainty
from valpnas.training.clock import BatchClock
from valpnas.training.compiled.compile import compile_phase

PREPARED = toy_prepared()


@pytest.fixture(autouse=True)
def no_collection() -> Iterator[None]:
    """Whatever refers to itself stays; the collector does not know how much a tensor holds, and comes late."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@pytest.mark.parametrize("balancer", [Sum(), Uncertainty()], ids=lambda b: b.name)
@pytest.mark.parametrize("count", [1, 2])
def test_nothing_is_left_of_a_plan(count: int, balancer: Balancer) -> None:
    assert not _memory_is_left(count, balancer)


def test_nothing_is_left_of_networks_under_autograd(monkeypatch: pytest.MonkeyPatch) -> None:
    class Strange(DenseModule):
        """Nothing is different, but the plan cannot know."""

    monkeypatch.setattr(DenseKind, "build", lambda _, spec, sources: Strange(spec, sources))
    _memory_is_left(1, Sum())  # the first optimiser of a process has torch import what keeps its caller's frame
    assert not _memory_is_left(1, Sum())


def _memory_is_left(count: int, balancer: Balancer) -> bool:
    models = [toy_model(PREPARED)] * count
    generators = [torch.Generator().manual_seed(seed) for seed in range(count)]
    plan = compile_phase(models, PREPARED.train, losses_of(PREPARED), balancer, Protocol(3), generators)
    plan.train(BatchClock())
    memory, weights = weakref.ref(plan.memory), weakref.ref(plan.memory.flat)
    del plan
    return memory() is not None or weights() is not None

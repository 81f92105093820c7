"""What a GPU needs of a step: nothing is read back from the device, and memory stays where it is."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from tests.training.toy_data import losses_of, toy_model, toy_prepared, with_algorithm
from valpnas.contracts.protocol import Protocol
from valpnas.graph.valp import ALGORITHMS
from valpnas.training.balancing.balancer import Balancer
from valpnas.training.balancing.fixed import Fixed, Sum
from valpnas.training.balancing.uncertainty import Uncertainty
from valpnas.training.compiled.compile import compile_phase
from valpnas.training.compiled.plan import Plan

PREPARED = toy_prepared()
READS = {"_local_scalar_dense", "item", "nonzero", "is_nonzero", "equal", "masked_select"}


class Calls(TorchDispatchMode):
    """Counts the operations that reach the device."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.counts[func.overloadpacket.__name__] += 1
        return func(*args, **(kwargs or {}))


def plan_of(algorithm: str, balancer: Balancer) -> Plan:
    model = with_algorithm(toy_model(PREPARED), algorithm, 1e-3)
    return compile_phase([model], PREPARED.train, losses_of(PREPARED), balancer, Protocol(), [torch.Generator()])


@pytest.mark.parametrize("balancer", [Sum(), Fixed({"kind": 2.0}), Uncertainty()], ids=lambda b: b.name)
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_step_reads_nothing_back(algorithm: str, balancer: Balancer) -> None:
    plan = plan_of(algorithm, balancer)
    with torch.no_grad(), Calls() as calls:
        plan.fetch()
        plan.step(0.0)
    assert calls.counts["addmm_"] > 5
    assert not READS & set(calls.counts)


def test_memory_stays_where_it_is() -> None:
    """Static buffers: a captured step would find everything where it was."""
    plan = plan_of("adam", Sum())
    tensors = [plan.memory.flat, plan.memory.values.arena, plan.memory.values.gradients, plan.losses, plan.value("n1")]
    before = [tensor.data_ptr() for tensor in tensors]
    with torch.no_grad():
        for _ in range(3):
            plan.fetch()
            plan.step(0.0)
    tensors[-1] = plan.value("n1")
    assert [tensor.data_ptr() for tensor in tensors] == before


def test_the_activations_of_the_last_batch_are_kept() -> None:
    plan = plan_of("adam", Sum())
    rows = torch.arange(plan.memory.batch.size)
    plan.memory.batch.set_rows(0, rows)
    with torch.no_grad():
        plan.fetch()
        plan.differentiate()
    for name, value in PREPARED.train.inputs.items():
        if name in plan.memory.heard:
            assert torch.equal(plan.value(name), value[rows].flatten(1))
    for network in plan.memory.valp.networks:
        assert plan.value(network.id).shape == (len(rows), *network.spec.output_shape)

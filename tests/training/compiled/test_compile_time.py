"""Compiling a plan takes less than 50 ms, whatever the size of the data."""

from __future__ import annotations

import time

import pytest
import torch

from tests.training.toy_data import losses_of, toy_prepared
from valpnas.contracts.model import Model
from valpnas.contracts.protocol import Protocol
from valpnas.contracts.space import Space
from valpnas.networks.module import fresh_model
from valpnas.networks.random_valp import random_valp
from valpnas.seeding import stream
from valpnas.training.balancing.fixed import Sum
from valpnas.training.compiled.compile import compile_phase

PREPARED = toy_prepared(rows=2000)
LOSSES = losses_of(PREPARED)
MOST = 0.050  # seconds


def models_of(networks: int, count: int) -> list[Model]:
    problem = PREPARED.problem
    valp = random_valp(problem.inputs, problem.outputs, Space(), stream(0, "compile time"), (networks, networks))
    return [fresh_model(valp, stream(number, "compile time")) for number in range(count)]


def compiled_in(models: list[Model]) -> float:
    """Return the processor's seconds."""
    generators = [torch.Generator() for _ in models]
    started = time.process_time()
    compile_phase(models, PREPARED.train, LOSSES, Sum(), Protocol(), generators)
    return time.process_time() - started


@pytest.mark.parametrize(("networks", "count"), [(6, 1), (14, 1), (6, 16)])
def test_a_plan_is_compiled_in_time(networks: int, count: int) -> None:
    """The best of some: the first one also loads what torch loads once, and other programs disturb single ones."""
    models = models_of(networks, count)
    assert min(compiled_in(models) for _ in range(8)) < MOST * count**0.5

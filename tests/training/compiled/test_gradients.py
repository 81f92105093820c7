"""Gradients by plan are those of autograd, for drawn VALPs of every layer kind, activation and task."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.toy_data import losses_of, prepared_for
from valpnas.graph.valp import Valp
from valpnas.testing.strategies import SEEDS, valps
from valpnas.training.balancing.balancer import Balancer
from valpnas.training.balancing.fixed import Fixed, Sum
from valpnas.training.balancing.uncertainty import Uncertainty

from .shared import TOLERANCE, assert_close, compiled, eager, model_of

BALANCERS = st.sampled_from([Sum(), Fixed({"y0": 3.0}), Uncertainty()])


@settings(max_examples=60, deadline=None)
@given(valps(), SEEDS, BALANCERS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_gradients_and_losses_are_those_of_autograd(
    dtype: torch.dtype, valp: Valp, seed: int, balancer: Balancer
) -> None:
    prepared = prepared_for(valp, seed % 1000)
    model, losses = model_of(valp, seed, dtype), losses_of(prepared)
    rows = torch.randperm(len(prepared.train), generator=torch.Generator().manual_seed(seed))[: valp.batch_size]
    plan, found = compiled(model, prepared, losses, rows, balancer)
    expected_losses, expected = eager(model, prepared, losses, rows, balancer)
    assert torch.allclose(plan.losses, expected_losses, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])
    assert_close(found, expected, dtype)

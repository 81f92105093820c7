"""sum and fixed: the gradient is that of the sum written by hand."""

from __future__ import annotations

import pytest
import torch

from tests.training.toy_data import losses_of
from valpnas.errors import TrainingFailedError, UnknownNameError
from valpnas.training.balancing.balancer import Balancer
from valpnas.training.balancing.fixed import Fixed, Sum

from .shared import SHARED, gradients, problem_and_model, trained

SCHEMES = [
    (Sum(), {"kind": 1.0, "number": 1.0}),
    (Fixed({"kind": 2.5, "number": 0.25}), {"kind": 2.5, "number": 0.25}),
    (Fixed({"number": 4.0}), {"kind": 1.0, "number": 4.0}),
]


@pytest.mark.parametrize(("balancer", "weights"), SCHEMES)
def test_the_step_follows_the_weighted_sum(balancer: Balancer, weights: dict[str, float]) -> None:
    prepared, model = problem_and_model(algorithm="sgd", rate=0.01)
    moved = trained(model, prepared, balancer, 1)
    for name, gradient in gradients(model, prepared, losses_of(prepared), weights).items():
        assert torch.allclose(model.weights[name] - moved.weights[name], 0.01 * gradient, atol=1e-7), name


def test_weights_of_one_are_the_sum_bit_for_bit() -> None:
    prepared, model = problem_and_model()
    one, other = (trained(model, prepared, scheme, 20) for scheme in (Sum(), Fixed()))
    assert all(torch.equal(value, other.weights[name]) for name, value in one.weights.items())
    assert (one.balancer, other.balancer) == ({}, {})


def test_histories_hold_the_losses_themselves() -> None:
    prepared, model = problem_and_model()
    one, other = (trained(model, prepared, scheme, 1) for scheme in (Sum(), Fixed({"kind": 50.0})))
    assert all(torch.equal(value, other.histories[name]) for name, value in one.histories.items())


def test_an_unknown_output_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown output in \[loss_weights\] 'numbr': did you mean number"):
        Fixed({"numbr": 2.0}).check(SHARED)
    prepared, model = problem_and_model()
    with pytest.raises(TrainingFailedError, match="unknown output"):
        trained(model, prepared, Fixed({"numbr": 2.0}), 1)

"""uncertainty: the log-variances end where the closed form says, and never anywhere that is not finite."""

from __future__ import annotations

import math

import pytest
import torch

from valpnas.training.balancing.uncertainty import BOUND, Uncertainty

from .shared import begun, problem_and_model, trained


@pytest.mark.parametrize("losses", [(0.05, 2.0), (1.0, 0.3)])
def test_for_fixed_losses_the_log_variances_are_their_logarithms(losses: tuple[float, float]) -> None:
    """Of exp(-s) L + s the minimum is at s = log L; the total is then 1 + log L, and the weight 1 / L."""
    _, model = problem_and_model()
    balancing = begun(Uncertainty(), model)
    given = torch.tensor(losses, requires_grad=True)
    for _ in range(3000):
        total = balancing.total(given)
        balancing.update(1.0)
    found = [float(slots["log_variance"]) for slots in balancing.state().values()]
    assert found == pytest.approx([math.log(loss) for loss in losses], abs=1e-3)
    assert float(total.detach()) == pytest.approx(sum(1 + math.log(loss) for loss in losses), abs=1e-3)
    (weights,) = torch.autograd.grad(total, given)
    assert weights.tolist() == pytest.approx([1 / loss for loss in losses], rel=1e-2)


def test_it_begins_as_the_sum() -> None:
    _, model = problem_and_model()
    given = torch.tensor([0.7, 1.2], requires_grad=True)
    total = begun(Uncertainty(), model).total(given)
    assert float(total.detach()) == pytest.approx(1.9)
    assert torch.autograd.grad(total, given)[0].tolist() == [1.0, 1.0]


@pytest.mark.parametrize(("loss", "end"), [(0.0, -BOUND), (1e30, BOUND), (float("inf"), BOUND), (1e-30, -BOUND)])
def test_the_log_variances_stay_in_their_range(loss: float, end: float) -> None:
    _, model = problem_and_model()
    balancing = begun(Uncertainty(rate=0.1), model)
    for _ in range(200):
        balancing.total(torch.tensor([loss, 1.0]))
        balancing.update(1.0)
    first, second = (float(slots["log_variance"]) for slots in balancing.state().values())
    assert first == pytest.approx(end)
    assert second == 0.0
    assert all(bool(torch.isfinite(value)) for slots in balancing.state().values() for value in slots.values())


def test_the_rate_follows_the_schedule() -> None:
    _, model = problem_and_model()
    moved = {}
    for factor in (1.0, 0.25):
        balancing = begun(Uncertainty(rate=0.1), model)
        balancing.total(torch.tensor([0.5, 1.0]))
        balancing.update(factor)
        moved[factor] = float(balancing.state()["kind"]["log_variance"])
    assert moved == pytest.approx({1.0: -0.1, 0.25: -0.025}, rel=1e-4)


def test_a_new_output_among_old_ones_has_a_bias_correction_of_its_own() -> None:
    """Its first step has the size of the rate, as any first step of Adam, however long the others have learned."""
    prepared, model = problem_and_model()
    old = trained(model, prepared, Uncertainty(), 30)
    assert {float(slots["step"]) for slots in old.balancer.values()} == {30.0}
    balancing = begun(Uncertainty(), old, {"kind": old.balancer["kind"]})
    balancing.total(torch.tensor([0.5, 0.5]))
    balancing.update(1.0)
    state = balancing.state()
    assert {output: float(slots["step"]) for output, slots in state.items()} == {"kind": 31.0, "number": 1.0}
    assert float(state["number"]["log_variance"]) == pytest.approx(-0.01, rel=1e-4)
    assert float(old.balancer["kind"]["step"]) == 30.0


def test_outputs_of_two_groups_learn_alike() -> None:
    """A log-variance depends on its own output's loss only, so it does not matter which optimiser drives the output."""
    prepared, model = problem_and_model()
    valp = model.valp.with_training("kind", model.valp.training[0].__class__(3e-3, "adamw"))
    apart = trained(model.__class__(valp, model.weights, ages=model.ages), prepared, Uncertainty(), 1)
    together = trained(model, prepared, Uncertainty(), 1)
    assert apart.balancer.keys() == together.balancer.keys() == {"kind", "number"}
    for output, slots in together.balancer.items():
        assert all(torch.equal(value, apart.balancer[output][part]) for part, value in slots.items()), output

"""gradnorm: the pulls of unequal outputs on what they share come to where the paper wants them."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from tests.operators import cases
from tests.training.toy_data import losses_of
from valpnas.contracts.model import Model
from valpnas.errors import ConfigError, TrainingFailedError
from valpnas.graph.optimiser_groups import optimiser_groups
from valpnas.graph.valp import OutputTraining
from valpnas.training.balancing.fixed import Sum
from valpnas.training.balancing.gradnorm import GradNorm, shared_networks
from valpnas.training.data import Prepared
from valpnas.training.objectives import Losses

from .shared import APART, SHARED, begun, gradients, problem_and_model, trained

THREE = {**SHARED.tasks, "other": cases.NUMBER}


def uneven(prepared: Prepared) -> Losses:
    """The problem's losses, that of ``number`` scaled by 100."""
    losses = losses_of(prepared)
    return replace(losses, scales={**losses.scales, "number": losses.scales["number"] / 100})


def pull(model: Model, prepared: Prepared, output: str) -> float:
    """The norm of the gradient of an output's scaled, unweighted loss on the trunk."""
    found = gradients(model, prepared, uneven(prepared), {output: 1.0})
    return float(torch.cat([g.flatten() for name, g in found.items() if name.startswith("networks.trunk.")]).norm())


def weights(model: Model) -> dict[str, float]:
    return {output: float(slots["log_weight"].exp()) for output, slots in model.balancer.items()}


@pytest.mark.parametrize("alpha", [0.0, 1.5])
def test_an_output_scaled_by_a_hundred_pulls_as_hard_as_the_other(alpha: float) -> None:
    """Up to the relative rates of training to the power alpha, which is what alpha is there for."""
    prepared, model = problem_and_model(rate=1e-3)
    model = trained(model, prepared, GradNorm(alpha), 400, uneven(prepared))
    sizes = {output: weight * pull(model, prepared, output) for output, weight in weights(model).items()}
    left = {o: float(model.histories[o][-1] / model.balancer[o]["initial_loss"]) for o in sizes}
    wanted = (left["number"] / left["kind"]) ** alpha
    assert sizes["number"] / sizes["kind"] == pytest.approx(wanted, rel=0.15)
    assert pull(model, prepared, "number") / pull(model, prepared, "kind") > 15
    assert sum(weights(model).values()) == pytest.approx(2, rel=1e-5)


def test_the_first_loss_is_remembered() -> None:
    prepared, model = problem_and_model()
    once = trained(model, prepared, GradNorm(), 1)
    again = trained(once, prepared, GradNorm(), 9)
    for output, slots in again.balancer.items():
        assert torch.equal(slots["initial_loss"], once.histories[output][0])
        assert float(again.histories[output][-1]) < float(slots["initial_loss"])


def test_the_first_step_goes_down_the_papers_loss() -> None:
    """Adam's first step has the size of its rate, and the sign that autograd finds for sum |w g - target|."""
    prepared, model = problem_and_model()
    logs = torch.zeros(2, requires_grad=True)
    g = torch.tensor([pull(model, prepared, output) for output in model.valp.tasks])
    (logs.exp() * g - g.mean()).abs().sum().backward()
    moved = trained(model, prepared, GradNorm(rate=0.1), 1, uneven(prepared)).balancer
    step = torch.stack([moved[output]["log_weight"] for output in model.valp.tasks])
    assert logs.grad is not None
    assert torch.allclose(step - step.mean(), -0.1 * torch.sign(logs.grad), atol=1e-4)


def test_without_anything_shared_it_is_the_sum() -> None:
    prepared, model = problem_and_model(APART)
    one, other = (trained(model, prepared, scheme, 20, uneven(prepared)) for scheme in (Sum(), GradNorm()))
    assert all(torch.equal(value, other.weights[name]) for name, value in one.weights.items())
    assert weights(other) == {"kind": 1.0, "number": 1.0}


SPECS = {name: cases.dense() for name in ("all", "two", "a", "b", "c")}


@pytest.mark.parametrize(
    ("arcs", "shared"),
    [
        ("x>all all>two all>c two>a two>b a>kind b>number c>other", {"all"}),
        ("x>two x>c x>all all>a two>a two>b a>kind b>number c>other", {"two"}),
        ("x>a x>b x>c x>all x>two all>a two>b a>kind b>number c>other", set()),
    ],
)
def test_what_is_shared(arcs: str, shared: set[str]) -> None:
    valp = cases.graph(SPECS, THREE, arcs)
    assert shared_networks(valp, optimiser_groups(valp)[0]) == shared


def test_an_output_that_shares_nothing_weighs_one() -> None:
    valp = cases.graph(
        {name: SPECS[name] for name in ("two", "a", "b", "c")},
        THREE,
        "x>two x>c two>a two>b a>kind b>number c>other",
    )
    prepared, model = problem_and_model(valp)
    model = trained(model, prepared, GradNorm(), 60, uneven(prepared))
    found = weights(model)
    assert found["other"] == 1.0
    assert found["kind"] + found["number"] == pytest.approx(2)
    assert found["number"] < 0.5 < 1.5 < found["kind"]


def test_a_lone_output_weighs_one() -> None:
    prepared, model = problem_and_model(cases.graph({"a": cases.dense()}, {"kind": cases.CLASS}, "x>a a>kind"))
    assert weights(trained(model, prepared, GradNorm(), 5)) == {"kind": 1.0}


def test_no_output_is_silenced_for_good() -> None:
    _, model = problem_and_model()
    balancing = begun(GradNorm(rate=1.0), model)
    for _ in range(50):
        trunk = next(iter(balancing._parameters)).sum()  # type: ignore[attr-defined]
        balancing.total(torch.stack([1 + trunk - trunk.detach(), 1 + 1e9 * (trunk - trunk.detach())]))
        balancing.update(1.0)
    assert float(balancing.state()["number"]["log_weight"].exp()) == pytest.approx(1e-3)


def test_two_optimiser_groups_are_refused() -> None:
    prepared, model = problem_and_model()
    split = replace(model, valp=model.valp.with_training("kind", OutputTraining(1e-3, "sgd")))
    message = r"gradnorm: expected all outputs in one optimiser group, got kind \(sgd 0.001\) \| number \(adam 0.003\)"
    with pytest.raises(ConfigError, match=message):
        GradNorm().check(split.valp)
    with pytest.raises(TrainingFailedError, match=message):
        trained(split, prepared, GradNorm(), 1)

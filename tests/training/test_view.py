"""The view diagnostics look through: every shortcut it takes must give what a full forward pass gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from tests.graph.strategies import quick
from valpnas.contracts.model import Model
from valpnas.graph.tasks import Classification
from valpnas.graph.valp import Input, Output
from valpnas.networks.module import ValpModule, load_module, prefix_of
from valpnas.testing.strategies import SEEDS, models
from valpnas.training.data import Prepared
from valpnas.training.view import HeldOutView

from .toy_data import losses_of, on_cpu, prepared_for, toy_model, toy_prepared, toy_problem


def full_losses(module: ValpModule, prepared: Prepared, inputs: Mapping[str, Tensor] | None = None) -> dict[str, float]:
    part = prepared.parts["diagnostic"]
    with torch.no_grad():
        found = losses_of(prepared)(module, module(inputs or part.inputs), part.targets)
    return {name: float(loss) for name, loss in found.items()}


def view_of(model: Model, seed: int) -> tuple[HeldOutView, Prepared]:
    prepared = prepared_for(model.valp, seed)
    return HeldOutView(model, prepared, losses_of(prepared)), prepared


def other_weights(view: HeldOutView, component: str, seed: int) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {
        name: 0.3 * torch.randn(value.shape, generator=generator) for name, value in view.tensors(component).items()
    }


@quick
@given(models(), SEEDS, st.data())
def test_other_weights_give_the_losses_of_a_full_forward_pass(model: Model, seed: int, data: st.DataObject) -> None:
    view, prepared = view_of(model, seed)
    component = data.draw(st.sampled_from([*model.valp.specs, *model.valp.tasks]))
    weights = other_weights(view, component, seed)
    prefix = prefix_of(model.valp, component)
    changed = replace(model, weights={**model.weights, **{prefix + name: value for name, value in weights.items()}})
    expected = full_losses(load_module(changed).eval(), prepared)
    assert view.losses_with_tensors(component, weights) == pytest.approx(expected, rel=1e-5)
    before = full_losses(load_module(model).eval(), prepared)
    assert view.losses() == pytest.approx(before, rel=1e-5), "the view was altered"


@quick
@given(models(), SEEDS, st.data())
def test_another_value_gives_the_losses_of_a_full_forward_pass(model: Model, seed: int, data: st.DataObject) -> None:
    view, prepared = view_of(model, seed)
    component = data.draw(st.sampled_from([*(vertex.name for vertex in model.valp.inputs), *model.valp.specs]))
    value = torch.randn(view.value(component).shape, generator=torch.Generator().manual_seed(seed))
    expected = losses_when_it_emits(value, component, load_module(model).eval(), prepared)
    assert view.losses_with_value(component, value) == pytest.approx(expected, rel=1e-5)
    before = full_losses(load_module(model).eval(), prepared)
    assert view.losses() == pytest.approx(before, rel=1e-5), "the view was altered"


def losses_when_it_emits(value: Tensor, component: str, module: ValpModule, prepared: Prepared) -> dict[str, float]:
    """Let the component say ``value`` whatever it hears."""
    inputs = prepared.parts["diagnostic"].inputs
    if component in inputs:
        return full_losses(module, prepared, {**inputs, component: value})
    network = module.networks[component]
    what = "decode" if component in module.latent_sizes() else "forward"
    object.__setattr__(network, what, lambda _: value)
    return full_losses(module, prepared)


@quick
@given(models(), SEEDS)
def test_gradients_are_those_of_autograd(model: Model, seed: int) -> None:
    view, prepared = view_of(model, seed)
    module, part = load_module(model).eval(), prepared.parts["diagnostic"]
    losses = losses_of(prepared)(module, module(part.inputs), part.targets)
    named = dict(module.named_parameters())
    for output, loss in losses.items():
        expected: tuple[Tensor | None, ...] = torch.autograd.grad(
            loss, list(named.values()), retain_graph=True, allow_unused=True
        )
        reached = {name: g for name, g in zip(named, expected, strict=True) if g is not None}
        got = view.gradients(output)
        assert set(got) == set(reached)
        for name, gradient in got.items():
            assert torch.allclose(gradient, reached[name], rtol=1e-4, atol=1e-6), name


def test_it_shows_the_diagnostic_rows_and_no_others() -> None:
    prepared = toy_prepared()
    view = HeldOutView(toy_model(prepared), prepared, losses_of(prepared))
    for name, value in view.inputs.items():
        assert torch.equal(value, prepared.parts["diagnostic"].inputs[name])
        assert torch.equal(view.value(name), value)
    for name, value in view.targets.items():
        assert torch.equal(value, prepared.parts["diagnostic"].targets[name])


def test_it_looks_at_a_bounded_number_of_rows() -> None:
    prepared = toy_prepared(rows=4000)
    view = HeldOutView(toy_model(prepared), prepared, losses_of(prepared))
    assert {len(value) for value in [*view.inputs.values(), *view.targets.values()]} == {400}


def test_it_shows_what_training_has_left() -> None:
    prepared = toy_prepared()
    fresh = toy_model(prepared)
    history = {name: torch.arange(4.0) for name in fresh.valp.tasks}
    ages = {network.id: 7 for network in fresh.valp.networks}
    view = HeldOutView(replace(fresh, histories=history, ages=ages, changed_at=3), prepared, losses_of(prepared))
    assert (view.changed_at, view.ages, view.valp) == (3, ages, fresh.valp)
    assert all(np.array_equal(values, [0, 1, 2, 3]) for values in view.histories.values())


def test_tensors_are_the_component_s_own() -> None:
    prepared = toy_prepared()
    model = toy_model(prepared)
    view = HeldOutView(model, prepared, losses_of(prepared))
    shown = {
        prefix_of(model.valp, name) + tensor: value
        for name in (*model.valp.specs, *model.valp.tasks)
        for tensor, value in view.tensors(name).items()
    }
    assert set(shown) == set(model.weights)
    assert all(torch.equal(value, model.weights[name]) for name, value in shown.items())
    assert not any(value.requires_grad for value in shown.values())


@pytest.mark.parametrize("name", ["half", "type", "train", "keys", "forward"])
def test_a_component_may_be_called_as_torch_calls_a_method(name: str) -> None:
    problem = toy_problem(inputs=[Input(name, (4,))], outputs=[Output("kind", Classification(3))])
    prepared = on_cpu(problem)
    model = toy_model(prepared)
    view = HeldOutView(model, prepared, losses_of(prepared))
    for component in (*model.valp.specs, "kind"):
        weights = other_weights(view, component, 0)
        assert view.losses_with_tensors(component, view.tensors(component)) == view.losses()
        assert view.losses_with_tensors(component, weights) != view.losses()


def test_looking_twice_gives_equal_numbers() -> None:
    """Decoders pass on their posterior mean, so that nothing is left to chance."""
    prepared = toy_prepared()
    view = HeldOutView(toy_model(prepared), prepared, losses_of(prepared))
    assert view.losses() == view.losses() == HeldOutView(toy_model(prepared), prepared, losses_of(prepared)).losses()

"""DesignedModel: raw inputs in, predictions in their own units out."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from valpnas.contracts.model import Model
from valpnas.contracts.problem import Reader
from valpnas.errors import DataError, UnknownNameError
from valpnas.graph.tasks import Classification
from valpnas.graph.valp import Input, Output
from valpnas.networks.module import Forward, load_module
from valpnas.training.data import Prepared
from valpnas.training.designed import DesignedModel

from .toy_data import on_cpu, toy_model, toy_prepared, toy_problem

RAW = toy_problem()


def designed() -> tuple[DesignedModel, Model, Prepared]:
    prepared = toy_prepared()
    model = toy_model(prepared)
    return DesignedModel(model, prepared.transforms), model, prepared


def raw_rows(part: str = "test") -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Inputs and targets as the user has them."""
    rows = getattr(RAW.load(Reader()), part)
    return (
        {name: torch.as_tensor(value) for name, value in rows.inputs.items()},
        {name: torch.as_tensor(value) for name, value in rows.targets.items()},
    )


def test_raw_inputs_give_what_prepared_ones_give_the_network() -> None:
    module, model, prepared = designed()
    inputs, _ = raw_rows()
    with torch.no_grad():
        got = module(inputs)
        logits = load_module(model)(prepared.parts["test"].inputs).values
    assert torch.allclose(got["kind"], logits["kind"].softmax(dim=1), atol=1e-5)
    assert torch.allclose(got["shares"], logits["shares"].softmax(dim=1), atol=1e-5)
    assert torch.allclose(got["drawn"].flatten(1), torch.sigmoid(logits["drawn"]), atol=1e-5)


def test_regressions_come_back_in_their_own_units() -> None:
    module, model, prepared = designed()
    inputs, _ = raw_rows()
    with torch.no_grad():
        standardised = load_module(model)(prepared.parts["test"].inputs).values["number"]
        got = module(inputs)["number"]
    numbers = raw_rows("train")[1]["number"]
    assert torch.allclose(got, standardised * numbers.std(dim=0, correction=0) + numbers.mean(dim=0), rtol=1e-4)


def test_a_perfect_model_predicts_the_very_numbers_of_the_user() -> None:
    module, _, prepared = designed()
    perfect = prepared.parts["test"].targets
    said = Forward({**perfect, "kind": torch.zeros(1, 3), "drawn": torch.zeros(1, 9)})
    object.__setattr__(module.module, "forward", lambda _: said)
    inputs, targets = raw_rows()
    assert torch.allclose(module(inputs)["number"], targets["number"], rtol=1e-5)


def test_shapes_are_those_of_the_tasks() -> None:
    module, _, _ = designed()
    inputs, _ = raw_rows()
    rows = len(inputs["table"])
    with torch.no_grad():
        shapes = {name: tuple(value.shape) for name, value in module(inputs).items()}
    assert shapes == {"drawn": (rows, 1, 3, 3), "kind": (rows, 3), "number": (rows, 2), "shares": (rows, 4)}


def test_samples_have_the_shape_asked_for_and_follow_the_generator() -> None:
    module, _, _ = designed()
    one, again, other = (module.sample("drawn", 5, torch.Generator().manual_seed(seed)) for seed in (0, 0, 1))
    assert one.shape == (5, 1, 3, 3)
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
    assert 0 <= float(one.min()) <= float(one.max()) <= 1


def test_only_a_generation_can_be_sampled() -> None:
    module, _, _ = designed()
    with pytest.raises(UnknownNameError, match=r"generation output 'kind'.*drawn"):
        module.sample("kind", 2, torch.Generator())


@pytest.mark.parametrize("bad", [{}, {"table": torch.zeros(2, 5)}, {"table": torch.zeros(2)}])
def test_inputs_that_do_not_fit_are_named(bad: dict[str, Tensor]) -> None:
    module, _, _ = designed()
    with pytest.raises(DataError, match=r"input 'table': expected a tensor \(n, 4\), got "):
        module({"picture": torch.zeros(2, 1, 3, 3), **bad})


def test_other_number_types_are_taken() -> None:
    module, _, _ = designed()
    inputs, _ = raw_rows()
    with torch.no_grad():
        double = module({name: value.double() for name, value in inputs.items()})["number"]
        assert torch.equal(double, module(inputs)["number"])


def test_it_is_a_module_ready_to_predict() -> None:
    module, model, _ = designed()
    assert not module.training
    assert sum(p.numel() for p in module.parameters()) == model.parameters
    assert module.valp == model.valp
    assert "_targets.target_number.scale" in module.state_dict()


def test_a_problem_without_anything_to_standardise_works_too() -> None:
    problem = toy_problem(inputs=[Input("picture", (1, 3, 3), "image")], outputs=[Output("kind", Classification(3))])
    prepared = on_cpu(problem)
    module = DesignedModel(toy_model(prepared), prepared.transforms)
    with torch.no_grad():
        shares = module({"picture": torch.rand(4, 1, 3, 3, generator=torch.Generator().manual_seed(0))})["kind"]
    assert torch.allclose(shares.sum(dim=1), torch.ones(4))

"""change_lr, change_sgd, change_bs, rest_output: their ranges, and what becomes of optimiser state."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from valpnas.contracts.operator import Site
from valpnas.graph.valp import ALGORITHMS, OutputTraining, Valp

from .cases import CLASS, NUMBER, applied, dense, graph, places, trained

PLAIN = graph({"a": dense()}, {"label": CLASS, "number": NUMBER}, "x>a a>label a>number")


def at_rate(rate: float) -> Valp:
    """Return the VALP with another learning rate of one output."""
    return PLAIN.with_training("label", OutputTraining(rate))


def of_output(output: str, place: str) -> Site:
    """Return the site of an output."""
    return Site(outputs=(output,), place=place)


@pytest.mark.parametrize(
    ("rate", "wanted"),
    [
        (1e-3, ["decrease", "increase"]),
        (2e-5, ["decrease", "increase"]),
        (1.9e-5, ["increase"]),
        (0.05, ["decrease", "increase"]),
        (0.06, ["decrease"]),
        (1.0, []),
    ],
)
def test_rates_stay_in_the_range(rate: float, wanted: list[str]) -> None:
    found = [place for place in places("change_lr", at_rate(rate)) if place.startswith("label")]
    assert found == [f"label {place}" for place in wanted]


def test_a_rate_is_halved_or_doubled_for_one_output() -> None:
    model = trained(PLAIN)
    rates = {}
    for place in ("decrease", "increase"):
        child = applied("change_lr", model, of_output("label", place))
        rates[place] = {o: how.learning_rate for o, how in child.valp.output_training.items()}
        assert child.weights.keys() == model.weights.keys()
        assert all(child.weights[name] is tensor for name, tensor in model.weights.items())
    assert rates == {"decrease": {"label": 1.5e-3, "number": 3e-3}, "increase": {"label": 6e-3, "number": 3e-3}}


def test_an_output_that_leaves_its_group_takes_the_optimiser_state_along() -> None:
    model = trained(PLAIN)
    assert set(model.optimiser) == {"label"}
    child = applied("change_lr", model, of_output("number", "decrease"))
    assert set(child.optimiser) == {"label", "number"}
    for name, slots in model.optimiser["label"].items():
        assert torch.equal(child.optimiser["number"][name]["exp_avg"], slots["exp_avg"])


def test_another_algorithm_starts_afresh_and_only_for_its_output() -> None:
    assert places("change_sgd", PLAIN) == [
        f"{output} {name}" for output in ("label", "number") for name in ALGORITHMS if name != "adam"
    ]
    model = trained(PLAIN)
    child = applied("change_sgd", model, of_output("number", "sgd"))
    assert [how.algorithm for how in child.valp.training] == ["adam", "sgd"]
    assert set(child.optimiser) == {"label"}


@pytest.mark.parametrize(
    ("size", "wanted"),
    [
        (100, ["halve", "double"]),
        (16, ["double"]),
        (31, ["double"]),
        (32, ["halve", "double"]),
        (256, ["halve", "double"]),
        (257, ["halve"]),
        (8, ["double"]),
        (4, []),
        (2000, []),
    ],
)
def test_batch_sizes_stay_in_the_range(size: int, wanted: list[str]) -> None:
    assert places("change_bs", replace(PLAIN, batch_size=size)) == wanted


def test_a_batch_size_is_halved_or_doubled() -> None:
    model = trained(replace(PLAIN, batch_size=33))
    sizes = [applied("change_bs", model, Site(place=place)).valp.batch_size for place in ("halve", "double")]
    assert sizes == [16, 66]


def test_outputs_rest_one_by_one_and_the_last_goes_on() -> None:
    assert places("rest_output", PLAIN) == ["label", "number"]
    model = trained(PLAIN)
    child = applied("rest_output", model, Site(outputs=("label",)))
    assert {o: how.learning_rate for o, how in child.valp.output_training.items()} == {"label": 1e-5, "number": 3e-3}
    assert all(child.weights[name] is tensor for name, tensor in model.weights.items())
    assert places("rest_output", child.valp) == []
    assert set(child.optimiser) == {"label", "number"}, "both go on with the state that they shared"

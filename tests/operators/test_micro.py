"""add_layer, remove_layer, extend_layer: which layers they offer, and what becomes of the network."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from valpnas.contracts.model import Model
from valpnas.graph.valp import Valp
from valpnas.networks.dense_spec import Branch, DenseSpec, Layer
from valpnas.testing.partly_trained import partly_trained

from .cases import NUMBER, SPACE, applied, at, decoder, graph, places, same_function, trained

TWO_LAYERS = DenseSpec(3, (Layer(4, "relu"), Layer(2, "tanh")))
FORKED = replace(TWO_LAYERS, branches=(Branch(0, 2, (Layer(3, "elu"),)),))


def chain(spec: DenseSpec) -> Valp:
    """Return the VALP of one network."""
    return graph({"a": spec}, {"number": NUMBER}, "x>a a>number")


def spec_of(model: Model) -> DenseSpec:
    """Return the spec of the one network."""
    spec = model.valp.specs["a"]
    assert isinstance(spec, DenseSpec)
    return spec


def test_places_are_the_layers_of_every_network() -> None:
    valp = graph({"a": TWO_LAYERS, "b": FORKED, "d": decoder()}, {"number": NUMBER}, "x>a a>b b>d d>number")
    layers = ["a main.0", "a main.1", "b main.0", "b main.1", "d main.0"]
    assert places("add_layer/gentle", valp) == places("add_layer/aggressive", valp) == layers
    assert places("remove_layer", valp) == ["a main.0", "a main.1", "b main.0", "b main.1", "b b0"]
    assert places("extend_layer/gentle", valp) == [*layers[:4], "b b0.0", *layers[4:]]


def test_only_layers_below_the_largest_width_are_extended() -> None:
    assert places("extend_layer/gentle", chain(TWO_LAYERS), replace(SPACE, max_width=4)) == ["a main.1"]
    assert places("extend_layer/aggressive", chain(TWO_LAYERS), replace(SPACE, max_width=2)) == []


@pytest.mark.parametrize(
    ("activation", "max_width", "layers", "branches"),
    [
        ("relu", 4, [4, 4], 0),
        ("linear", 4, [4, 4], 0),
        ("gelu", 8, [4, 8], 0),
        ("gelu", 7, [4], 1),
        ("tanh", 8, [4], 1),
    ],
)
def test_the_identity_recipe_depends_on_activation_and_room(
    activation: str, max_width: int, layers: list[int], branches: int
) -> None:
    model = trained(chain(DenseSpec(3, (Layer(4, activation),))))
    child = applied("add_layer/gentle", model, at("a", "main.0"), space=replace(SPACE, max_width=max_width))
    assert [layer.width for layer in spec_of(child).layers] == layers
    assert len(spec_of(child).branches) == branches
    assert same_function(model, child)


def test_a_rectified_layer_that_a_branch_adds_to_is_not_copied_by_the_identity_matrix() -> None:
    # What the branch adds may be negative, and a second rectifier would cut it off.
    spec = DenseSpec(3, (Layer(4, "relu"),), (Branch(0, 1, (Layer(2, "tanh"),)),))
    model = trained(chain(spec))
    child = applied("add_layer/gentle", model, at("a", "main.0"))
    assert [layer.width for layer in spec_of(child).layers] == [4, 8]
    assert same_function(model, child)


def test_an_aggressive_layer_is_random_and_leaves_the_layers_around_it() -> None:
    model = trained(chain(TWO_LAYERS))
    child = applied("add_layer/aggressive", model, at("a", "main.0"))
    assert len(spec_of(child).layers) == 3
    kept = {"sources.x.main": "sources.x.main", "main.0.bias": "main.0.bias", "main.2.weight": "main.3.weight"}
    for old, new in kept.items():
        assert torch.equal(model.weights[f"networks.a.{old}"], child.weights[f"networks.a.{new}"])
    assert not same_function(model, child)


def test_a_hidden_layer_is_always_left() -> None:
    assert places("remove_layer", chain(DenseSpec(3, (Layer(4, "relu"),)))) == []
    child = applied("remove_layer", trained(chain(TWO_LAYERS)), at("a", "main.0"))
    assert spec_of(child).layers == (Layer(2, "tanh"),)
    assert places("remove_layer", child.valp) == []


@pytest.mark.parametrize("place", ["main.0", "main.1"])
def test_removing_a_linear_layer_keeps_the_function(place: str) -> None:
    spec = DenseSpec(3, tuple(Layer(5, "linear" if place == f"main.{j}" else "tanh") for j in range(2)))
    model = trained(chain(spec))
    assert same_function(model, applied("remove_layer", model, at("a", place)))


def test_branches_that_touch_a_removed_layer_go_with_it_and_others_stay() -> None:
    branches = (Branch(1, 1, (Layer(2, "relu"),)), Branch(0, 2, ()), Branch(2, 3, (Layer(3, "elu"),)))
    model = trained(chain(replace(TWO_LAYERS, branches=branches)))
    child = applied("remove_layer", model, at("a", "main.0"))
    assert spec_of(child).branches == (Branch(0, 1, ()), Branch(1, 2, (Layer(3, "elu"),)))
    assert torch.equal(child.weights["networks.a.b1.0.weight"], model.weights["networks.a.b2.0.weight"])


def test_a_branch_can_be_removed_alone() -> None:
    model = trained(chain(FORKED))
    child = applied("remove_layer", model, at("a", "b0"))
    assert spec_of(child) == TWO_LAYERS
    assert child.weights.keys() == {name for name in model.weights if "b0" not in name}


@pytest.mark.parametrize(("width", "wider", "max_width"), [(4, 6, 8), (4, 5, 5), (1, 2, 8), (7, 8, 8)])
@pytest.mark.parametrize("variant", ["gentle", "aggressive"])
def test_a_layer_is_widened_by_half_within_the_space(variant: str, width: int, wider: int, max_width: int) -> None:
    model = trained(chain(DenseSpec(3, (Layer(width, "tanh"),))))
    space = replace(SPACE, max_width=max_width)
    child = applied(f"extend_layer/{variant}", model, at("a", "main.0"), space=space)
    assert spec_of(child).layers == (Layer(wider, "tanh"),)
    assert same_function(model, child) == (variant == "gentle")


def test_the_old_units_of_an_aggressively_widened_layer_stay() -> None:
    model = trained(chain(TWO_LAYERS))
    child = applied("extend_layer/aggressive", model, at("a", "main.0"))
    for name, rows, columns in (("sources.x.main", 3, 4), ("main.1.weight", 4, 2)):
        assert torch.equal(child.weights[f"networks.a.{name}"][:rows, :columns], model.weights[f"networks.a.{name}"])


def test_twin_units_part_in_training() -> None:
    model = trained(chain(DenseSpec(3, (Layer(2, "tanh"),))))
    child = applied("extend_layer/gentle", model, at("a", "main.0"))
    before = child.weights["networks.a.sources.x.main"]
    twin = int((before[:, :2] == before[:, 2:]).all(0).nonzero())
    after = partly_trained(child, np.random.default_rng(0), 10).weights["networks.a.sources.x.main"]
    moved = after - before
    assert torch.nn.functional.cosine_similarity(moved[:, twin], moved[:, 2], dim=0) < 0.9999


def test_a_decoder_is_changed_behind_its_latent() -> None:
    model = trained(graph({"a": decoder()}, {"number": NUMBER}, "x>a a>number"))
    child = applied("extend_layer/gentle", model, at("a", "main.0"))
    for head in ("mean", "log_variance"):
        name = f"networks.a.sources.x.{head}"
        assert torch.equal(child.weights[name], model.weights[name])
        assert torch.equal(child.optimiser["number"][name]["exp_avg"], model.optimiser["number"][name]["exp_avg"])
    assert same_function(model, child)

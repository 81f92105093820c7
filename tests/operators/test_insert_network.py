"""insert_network: the function passes through a gentle one, and an aggressive one may be of any kind."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from valpnas.contracts.space import ACTIVATIONS
from valpnas.graph.valp import Input
from valpnas.networks.decoder import DecoderSpec
from valpnas.networks.dense_spec import DenseSpec
from valpnas.testing.partly_trained import partly_trained

from .cases import (
    CLASS,
    NUMBER,
    PICTURE,
    SPACE,
    applied,
    arc,
    arcs,
    decoder,
    dense,
    graph,
    places,
    same_function,
    trained,
)

PLAIN = graph({"a": dense(), "b": dense()}, {"label": CLASS, "number": NUMBER}, "x>a a>b a>label b>number")


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(("source", "target"), [("x", "a"), ("a", "b"), ("b", "number")])
def test_gentle_keeps_the_function_through_any_activation(activation: str, source: str, target: str) -> None:
    model = trained(PLAIN)
    space = replace(SPACE, activations=(activation,))
    child = applied("insert_network/gentle", model, arc(source, target), space=space)
    spec = child.valp.specs["n1"]
    assert isinstance(spec, DenseSpec)
    assert {layer.activation for layer in spec.layers} == {activation}
    assert child.valp.shape("n1") == model.valp.shape(source)
    assert f"{source}=>n1" in arcs(child.valp)
    assert same_function(model, child)


def test_gentle_leaves_the_receiver_its_weights_and_their_moments() -> None:
    model = trained(PLAIN)
    child = applied("insert_network/gentle", model, arc("a", "b"))
    old, new = "networks.b.sources.a.main", "networks.b.sources.n1.main"
    assert old not in child.weights
    assert torch.equal(child.weights[new], model.weights[old])
    moments = child.optimiser["label"][new]["exp_avg"], model.optimiser["label"][old]["exp_avg"]
    assert torch.equal(*moments)
    assert moments[0].any()


def test_the_new_network_is_newborn_and_learns() -> None:
    model = trained(PLAIN)
    child = applied("insert_network/gentle", model, arc("a", "b"))
    assert child.ages == {"a": 2, "b": 2, "n1": 0}
    assert not [name for name in child.optimiser["label"] if name.startswith("networks.n1.")]
    assert (child.batches, child.changed_at) == (2, 2)
    later = partly_trained(child, np.random.default_rng(0), batches=3)
    assert all(not torch.equal(t, later.weights[name]) for name, t in child.weights.items() if ".n1." in name)


def test_an_identity_arc_moves_along_when_gentle_and_is_lost_when_aggressive() -> None:
    model = trained(graph({"a": dense(), "b": dense()}, {"number": NUMBER}, "x>a a=>b b>number"))
    child = applied("insert_network/gentle", model, arc("a", "b"))
    assert arcs(child.valp) == "a=>n1 b>number n1=>b x>a"
    assert same_function(model, child)
    assert "=" not in arcs(applied("insert_network/aggressive", model, arc("a", "b")).valp)


def test_one_network_can_be_inserted_after_another() -> None:
    model = trained(PLAIN)
    once = applied("insert_network/gentle", model, arc("a", "b"))
    twice = applied("insert_network/gentle", once, arc("a", "n1"))
    assert arcs(twice.valp) == "a>label a=>n2 b>number n1>b n2=>n1 x>a"
    assert same_function(model, twice)


def test_gentle_needs_a_vector_and_dense_networks() -> None:
    valp = graph({"a": dense()}, {"number": NUMBER}, "x>a a>number", [Input("x", (1, 2, 2))])
    assert places("insert_network/gentle", valp) == ["a>number"]
    assert places("insert_network/aggressive", valp) == ["a>number", "x>a"]
    assert places("insert_network/gentle", valp, replace(SPACE, networks=("decoder",))) == []


def test_gentle_works_around_decoders() -> None:
    valp = graph({"a": dense(), "d": decoder()}, {"picture": PICTURE}, "x>a a>d d>picture")
    model = trained(valp)
    for source, target in (("x", "a"), ("a", "d"), ("d", "picture")):
        assert same_function(model, applied("insert_network/gentle", model, arc(source, target)))


def test_aggressive_inserts_any_kind_with_random_weights() -> None:
    model = trained(PLAIN)
    children = [applied("insert_network/aggressive", model, arc("a", "b"), seed=seed) for seed in range(20)]
    assert {type(child.valp.specs["n1"]) for child in children} == {DenseSpec, DecoderSpec}
    for child in children:
        assert arcs(child.valp) == "a>label a>n1 b>number n1>b x>a"
        assert child.weights["networks.b.sources.n1.main"].all()
        assert torch.equal(child.weights["networks.b.main.1.weight"], model.weights["networks.b.main.1.weight"])

"""clone_network: twins share the work, then part; decoders are only cloned anew."""

from __future__ import annotations

import numpy as np
import torch

from valpnas.testing.partly_trained import partly_trained

from .cases import CLASS, NUMBER, PICTURE, applied, arcs, at, decoder, dense, graph, places, same_function, trained

PLAIN = graph({"a": dense(), "b": dense()}, {"label": CLASS, "number": NUMBER}, "x>a a>b a>label b>number")
LAYER = "main.1.weight"


def test_gentle_duplicates_all_arcs_and_keeps_the_function() -> None:
    model = trained(PLAIN)
    child = applied("clone_network/gentle", model, at("a"))
    assert arcs(child.valp) == "a>b a>label b>number n1>b n1>label x>a x>n1"
    assert same_function(model, child)


def test_receivers_share_their_weights_between_the_twins_unevenly() -> None:
    model = trained(PLAIN)
    child = applied("clone_network/gentle", model, at("a"))
    one, other = (child.weights[f"outputs.label.sources.{name}.weight"] for name in ("a", "n1"))
    whole = model.weights["outputs.label.sources.a.weight"]
    torch.testing.assert_close(one + other, whole)
    shares = other / whole
    assert ((shares > 0.24) & (shares < 0.76)).all()
    assert shares.std() > 0.05


def test_twins_part_in_training() -> None:
    child = applied("clone_network/gentle", trained(PLAIN), at("a"))
    assert torch.equal(child.weights[f"networks.a.{LAYER}"], child.weights[f"networks.n1.{LAYER}"])
    later = partly_trained(child, np.random.default_rng(1), batches=10)
    layers = [f"networks.{name}.{LAYER}" for name in ("a", "n1")]
    one, other = (later.weights[name] - child.weights[name] for name in layers)
    assert not torch.equal(one, other)
    # In direction, not only in length: twins that move in parallel stay one network of twice the cost.
    assert torch.nn.functional.cosine_similarity(one.flatten(), other.flatten(), dim=0) < 0.999


def test_the_copy_inherits_moments_and_is_newborn() -> None:
    model = trained(PLAIN)
    child = applied("clone_network/gentle", model, at("a"))
    moments = child.optimiser["label"]
    assert torch.equal(moments[f"networks.n1.{LAYER}"]["exp_avg"], moments[f"networks.a.{LAYER}"]["exp_avg"])
    assert child.ages == {"a": 2, "b": 2, "n1": 0}


def test_an_identity_is_copied_into_the_network_but_not_out_of_it() -> None:
    networks = {"a": dense(), "m": dense(), "b": dense()}
    model = trained(graph(networks, {"number": NUMBER}, "x>a a=>m m=>b b>number"))
    child = applied("clone_network/gentle", model, at("m"))
    assert arcs(child.valp) == "a=>m a=>n1 b>number m=>b n1>b x>a"
    assert same_function(model, child)


def test_a_clone_of_a_clone_keeps_the_function() -> None:
    model = trained(PLAIN)
    once = applied("clone_network/gentle", model, at("a"))
    twice = applied("clone_network/gentle", once, at("n1"))
    assert same_function(model, twice)
    assert len(twice.valp.networks) == 4


def test_decoders_are_cloned_only_anew() -> None:
    networks = {"d": decoder(), "b": dense()}
    valp = graph(networks, {"picture": PICTURE, "number": NUMBER}, "x>d x>b d>b d>picture b>number")
    assert places("clone_network/gentle", valp) == ["b"]
    assert places("clone_network/aggressive", valp) == ["b", "d"]
    child = applied("clone_network/aggressive", trained(valp), at("d"))
    assert arcs(child.valp) == "b>number d>b d>picture n1>b n1>picture x>b x>d x>n1"


def test_a_receiving_decoder_shares_both_heads() -> None:
    model = trained(graph({"a": dense(), "d": decoder()}, {"picture": PICTURE}, "x>a a>d d>picture"))
    child = applied("clone_network/gentle", model, at("a"))
    assert same_function(model, child)
    for head in ("mean", "log_variance"):
        one, other = (child.weights[f"networks.d.sources.{name}.{head}"] for name in ("a", "n1"))
        torch.testing.assert_close(one + other, model.weights[f"networks.d.sources.a.{head}"])


def test_an_aggressive_twin_has_the_spec_but_not_the_weights() -> None:
    model = trained(PLAIN)
    child = applied("clone_network/aggressive", model, at("a"))
    assert child.valp.specs["n1"] == child.valp.specs["a"]
    assert not torch.equal(child.weights[f"networks.n1.{LAYER}"], child.weights[f"networks.a.{LAYER}"])
    assert child.weights["outputs.label.sources.n1.weight"].all()
    kept = "outputs.label.sources.a.weight"
    assert torch.equal(child.weights[kept], model.weights[kept])

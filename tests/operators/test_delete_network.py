"""delete_network: neighbours are joined, and what a path cannot do without stays."""

from __future__ import annotations

import torch

from valpnas.graph.valp import Input

from .cases import CLASS, NUMBER, PICTURE, applied, arcs, at, decoder, dense, graph, places, trained


def test_each_source_feeds_each_receiver() -> None:
    networks = {"a": dense(), "b": dense(), "m": dense(), "c": dense()}
    valp = graph(networks, {"label": CLASS, "number": NUMBER}, "x>a x>b a>m b>m m>c m>number c>label c>number")
    child = applied("delete_network", trained(valp), at("m"))
    assert arcs(child.valp) == "a>c a>number b>c b>number c>label c>number x>a x>b"
    assert not [name for name in child.weights if ".m." in name]
    assert child.weights["networks.c.sources.a.main"].all()
    assert "m" not in child.ages


def test_an_arc_that_exists_already_keeps_its_weights() -> None:
    valp = graph({"a": dense(), "m": dense()}, {"number": NUMBER}, "x>a a>m a>number m>number")
    model = trained(valp)
    child = applied("delete_network", model, at("m"))
    kept = "outputs.number.sources.a.weight"
    assert arcs(child.valp) == "a>number x>a"
    assert torch.equal(child.weights[kept], model.weights[kept])
    assert torch.equal(child.optimiser["number"][kept]["exp_avg"], model.optimiser["number"][kept]["exp_avg"])


def test_the_only_network_between_an_input_and_an_output_stays() -> None:
    networks = {"a": dense(), "b": dense(), "c": dense()}
    inputs = [Input("x", (3,)), Input("z", (3,))]
    valp = graph(networks, {"label": CLASS, "number": NUMBER}, "x>a z>b a>c b>c c>label b>number", inputs)
    assert places("delete_network", valp) == ["a", "c"]
    # An arc past the network does not make up for it: between z and number there would be no network left.
    shunted = graph(networks, {"label": CLASS, "number": NUMBER}, "x>a z>b z>number a>c b>c c>label b>number", inputs)
    assert places("delete_network", shunted) == ["a", "c"]


def test_the_decoder_of_a_sample_stays() -> None:
    valp = graph({"a": dense(), "d": decoder(), "b": dense()}, {"picture": PICTURE}, "x>a a>d d>b b>picture")
    assert places("delete_network", valp) == ["a", "b"]
    spare = graph({"a": dense(), "d": decoder(), "e": decoder()}, {"picture": PICTURE}, "x>a a>d d>e e>picture")
    assert places("delete_network", spare) == ["a", "d", "e"]


def test_the_cost_is_measured_because_a_narrow_network_may_save_weights() -> None:
    narrow = dense(output=1, width=1)
    valp = graph({"a": dense(), "m": narrow, "c": dense(width=8)}, {"number": NUMBER}, "x>a a>m m>c c>number")
    model = trained(valp)
    assert applied("delete_network", model, at("m")).parameters > model.parameters

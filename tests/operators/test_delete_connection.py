"""delete_connection: nothing is left without a source or a receiver, unless the problem allows it."""

from __future__ import annotations

import torch
from hypothesis import HealthCheck, given, settings

from valpnas.contracts.model import Model
from valpnas.graph.valp import Input
from valpnas.testing.strategies import models

from .cases import CLASS, NUMBER, applied, arc, arcs, dense, graph, operator, places, trained


def test_the_only_source_and_the_only_receiver_stay() -> None:
    valp = graph({"a": dense(), "b": dense()}, {"label": CLASS, "number": NUMBER}, "x>a x>b a>b a>label b>number")
    assert places("delete_connection", valp) == ["a>b", "x>b"]


def test_only_an_optional_input_may_fall_silent() -> None:
    inputs = [Input("must", (3,)), Input("may", (3,), optional=True)]
    valp = graph({"a": dense()}, {"number": NUMBER}, "must>a may>a a>number", inputs)
    assert places("delete_connection", valp) == ["may>a"]
    child = applied("delete_connection", trained(valp), arc("may", "a"))
    assert arcs(child.valp) == "a>number must>a"
    assert not [name for name in child.weights if "sources.may" in name]


def test_the_receiver_loses_the_identity_too() -> None:
    valp = graph({"a": dense(), "b": dense()}, {"number": NUMBER}, "x>a a=>b x>b a>number b>number")
    child = applied("delete_connection", trained(valp), arc("a", "b"))
    assert arcs(child.valp) == "a>number b>number x>a x>b"


@settings(derandomize=True, database=None, deadline=None, max_examples=20, suppress_health_check=[HealthCheck.too_slow])
@given(models())
def test_no_component_is_ever_left_unfed(model: Model) -> None:
    for site in operator("delete_connection").sites(model.valp):
        child = applied("delete_connection", model, site)
        assert all(child.valp.sources(name) for name in (*child.valp.specs, *child.valp.tasks))
        assert all(child.valp.targets(name) for name in child.valp.specs)
        assert all(torch.equal(tensor, model.weights[name]) for name, tensor in child.weights.items())
        assert child.parameters < model.parameters

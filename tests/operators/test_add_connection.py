"""add_connection: where an arc may go, and what the receiver makes of it."""

from __future__ import annotations

import pytest
import torch

from valpnas.errors import OperatorError
from valpnas.graph.valp import Input
from valpnas.networks.dense_spec import Branch, DenseSpec, Layer

from .cases import CLASS, NUMBER, PICTURE, applied, arc, decoder, dense, graph, places, same_function, trained

TWO = graph({"a": dense(), "b": dense()}, {"label": CLASS, "number": NUMBER}, "x>a a>b a>label b>number")


def test_places_skip_existing_arcs_and_cycles() -> None:
    wanted = ["x>b", "x>label", "x>number", "a>number", "b>label"]
    assert places("add_connection/gentle", TWO) == wanted
    assert places("add_connection/aggressive", TWO) == wanted


def test_no_input_reaches_a_generation_output_without_a_decoder() -> None:
    valp = graph({"a": dense(), "d": decoder(), "e": dense()}, {"picture": PICTURE}, "x>a a>d d>e e>picture")
    assert places("add_connection/gentle", valp) == ["x>d", "d>picture"]


def test_gentle_adds_a_zero_block_and_nothing_else() -> None:
    model = trained(TWO)
    child = applied("add_connection/gentle", model, arc("a", "number"))
    assert same_function(model, child)
    assert not child.weights["outputs.number.sources.a.weight"].any()
    assert all(torch.equal(tensor, child.weights[name]) for name, tensor in model.weights.items())
    assert child.parameters - model.parameters == 3 * 2


def test_aggressive_adds_random_weights() -> None:
    model = trained(TWO)
    child = applied("add_connection/aggressive", model, arc("x", "b"))
    assert child.weights["networks.b.sources.x.main"].all()
    assert not same_function(model, child)


def test_a_decoder_hears_a_new_source_with_both_heads() -> None:
    valp = graph({"a": dense(), "d": decoder()}, {"picture": PICTURE, "number": NUMBER}, "x>a x>d a>number d>picture")
    child = applied("add_connection/gentle", trained(valp), arc("a", "d"))
    new = [child.weights[f"networks.d.sources.a.{head}"] for head in ("mean", "log_variance")]
    assert [(tuple(t.shape), bool(t.any())) for t in new] == [((3, 2), False)] * 2


def test_a_map_is_heard_flat() -> None:
    valp = graph({"a": dense()}, {"number": NUMBER}, "x>a z>a a>number", [Input("x", (1, 2, 2)), Input("z", (1,))])
    child = applied("add_connection/aggressive", trained(valp), arc("x", "number"))
    assert tuple(child.weights["outputs.number.sources.x.weight"].shape) == (4, 2)


def test_a_hinted_block_is_used_by_the_aggressive_variant_only() -> None:
    block = torch.arange(6.0).reshape(3, 2)
    model, hint = trained(TWO), {"block": block}
    child = applied("add_connection/aggressive", model, arc("a", "number"), hint)
    assert torch.equal(child.weights["outputs.number.sources.a.weight"], block)
    assert same_function(model, applied("add_connection/gentle", model, arc("a", "number"), hint))


def test_a_hint_that_does_not_fit_is_refused() -> None:
    with pytest.raises(OperatorError, match=r"\(3, 2\), got \(2, 3\)"):
        applied("add_connection/aggressive", trained(TWO), arc("a", "number"), {"block": torch.ones(2, 3)})
    forked = DenseSpec(3, (Layer(4, "tanh"),), (Branch(0, 2, (Layer(4, "tanh"),)),))
    valp = graph({"a": dense(), "b": forked}, {"number": NUMBER}, "x>a a>b b>number")
    with pytest.raises(OperatorError, match="one new tensor"):
        applied("add_connection/aggressive", trained(valp), arc("x", "b"), {"block": torch.ones(3, 4)})

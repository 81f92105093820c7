"""Negative controls: for every promise of the contract there is an operator that breaks it, and is caught."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import numpy as np
import pytest
import torch

from valpnas.contracts.inheritance import inherit
from valpnas.contracts.model import Lineage, Model, Origin
from valpnas.contracts.operator import Site
from valpnas.graph.tasks import Classification, Generation, Regression
from valpnas.graph.valp import Arc, Input, Output, SubNetwork, Valp
from valpnas.networks.decoder import DecoderSpec
from valpnas.networks.dense_spec import DenseSpec, Layer
from valpnas.networks.draft import Draft
from valpnas.networks.module import fresh_model
from valpnas.testing import function_kept, gradients_reach, operators, state_carried
from valpnas.testing.conformance_error import ConformanceError
from valpnas.testing.operators import check_operator
from valpnas.testing.partly_trained import partly_trained

from . import planted
from .planted import HEAD, LAYER, Planted

HEARD = (("n1", "label"), ("n1", "number"), ("d1", "number"), ("d1", "picture"))


@pytest.fixture
def model() -> Model:
    """A trained model of a dense network and a decoder, with an output of each sort."""
    body = DenseSpec(3, (Layer(4, "tanh"),))
    valp = Valp.make(
        [Input("x", (3,))],
        [SubNetwork("n1", DenseSpec(2, (Layer(4, "tanh"), Layer(4, "tanh")))), SubNetwork("d1", DecoderSpec(2, body))],
        [Output("label", Classification(3)), Output("number", Regression(2)), Output("picture", Generation((1, 2, 2)))],
        [Arc("x", "n1"), Arc("x", "d1"), *(Arc(*pair) for pair in HEARD)],
    )
    rng = np.random.default_rng(0)
    return partly_trained(fresh_model(valp, rng), rng, batches=2)


def gentle(**parts: object) -> Planted:
    """Make a planted operator that claims to be gentle."""
    return Planted("planted", "macro", "neutral", "gentle", **parts)  # type: ignore[arg-type]


def aggressive(**parts: object) -> Planted:
    """Make a planted operator that claims nothing about the function."""
    return Planted("planted", "macro", "neutral", "aggressive", **parts)  # type: ignore[arg-type]


def promise_broken(operator: Planted, model: Model) -> str:
    """Return the promise that ``check_operator`` finds broken."""
    with pytest.raises(ConformanceError) as caught:
        check_operator(operator, model, np.random.default_rng(0))
    return caught.value.promise


def test_a_faultless_operator_passes(model: Model) -> None:
    (report,) = check_operator(gentle(), model, np.random.default_rng(0))
    assert (report.parameters, report.as_labelled) == (0, True)
    (report,) = check_operator(aggressive(change=planted.draw_layer), model, np.random.default_rng(0))
    assert (report.parameters, report.as_labelled) == (0, True)


def test_the_change_in_parameters_is_measured_and_not_believed(model: Model) -> None:
    (report,) = check_operator(
        aggressive(change=lambda draft: draft.connect("x", "number", "random")), model, np.random.default_rng(0)
    )
    assert (report.parameters, report.as_labelled) == (6, False)


@pytest.mark.parametrize(
    "harm",
    [
        lambda parent: parent.weights[LAYER].mul_(1.5),
        lambda parent: parent.optimiser["label"][LAYER]["exp_avg"].zero_(),
        lambda parent: parent.histories["label"].zero_(),
        lambda parent: parent.ages.update(n1=0),
        lambda parent: parent.weights.update(extra=torch.ones(1)),
    ],
    ids=["weight", "moment", "history", "age", "added weight"],
)
def test_an_altered_parent_is_caught(harm: object, model: Model) -> None:
    assert promise_broken(aggressive(harm=harm), model) == operators.UNTOUCHED


def test_randomness_from_elsewhere_is_caught(model: Model) -> None:
    assert promise_broken(aggressive(change=planted.draw_from_elsewhere), model) == operators.REPEATABLE


@pytest.mark.parametrize(
    "parts",
    [{"change": planted.unfeed}, {"twist": planted.with_other_task}, {"twist": planted.with_other_input}],
    ids=["unfed", "other task", "other input"],
)
def test_an_invalid_result_is_caught(parts: dict[str, object], model: Model) -> None:
    assert promise_broken(aggressive(**parts), model) == operators.VALID


@pytest.mark.parametrize(
    "change",
    [planted.scale(1.1), planted.scale(1 + 1e-7), planted.widen_posterior, planted.shift_latent],
    ids=["plainly", "below the resolution of float32", "only under noise", "only in samples"],
)
def test_a_changed_function_is_caught(change: planted.Change, model: Model) -> None:
    check_operator(aggressive(change=change), model, np.random.default_rng(0))
    assert promise_broken(gentle(change=change), model) == function_kept.PROMISE


def _no_tensors(lineage: Lineage) -> Lineage:
    return replace(lineage, tensors={})


def _no_networks(lineage: Lineage) -> Lineage:
    return replace(lineage, networks={})


def _no_outputs(lineage: Lineage) -> Lineage:
    return replace(lineage, outputs={})


def _unknown_weight(lineage: Lineage) -> Lineage:
    return replace(lineage, tensors={**lineage.tensors, "networks.n9.main.0.weight": Origin(LAYER, (None, None))})


@pytest.mark.parametrize(
    "twist",
    [
        planted.with_lineage(_no_tensors),
        planted.with_lineage(_no_networks),
        planted.with_lineage(_no_outputs),
        planted.with_lineage(_unknown_weight),
        planted.with_origin(Origin("networks.n9.main.0.weight", (None, None))),
        planted.with_origin(Origin(LAYER, (None, None), parent=1)),
        planted.with_origin(Origin(LAYER, (None,))),
        planted.with_origin(Origin(LAYER, (np.array([0, 1, 2, 9]), None))),
        planted.with_origin(Origin(LAYER, (np.array([0, 1]), None))),
    ],
    ids=["tensors", "networks", "outputs", "child", "ancestor", "parent", "dimensions", "range", "size"],
)
def test_a_broken_lineage_is_caught(twist: planted.Twist, model: Model) -> None:
    assert promise_broken(aggressive(twist=twist), model) == state_carried.LINEAGE


@pytest.mark.parametrize(
    "twist",
    [
        planted.without_weight(HEAD),
        planted.with_weight("networks.n1.extra", lambda _: torch.ones(1)),
        planted.with_weight(HEAD, lambda _: torch.ones(5)),
        planted.with_weight(HEAD, lambda _: torch.ones(2, dtype=torch.float64)),
        planted.with_weight(HEAD, lambda _: torch.tensor([0.0, float("nan")])),
        planted.with_weight("networks.n1.main.1.bias", lambda m: m.weights["networks.n1.main.0.bias"]),
    ],
    ids=["missing", "extra", "shape", "type", "not finite", "shared memory"],
)
def test_wrong_weights_are_caught(twist: planted.Twist, model: Model) -> None:
    assert promise_broken(aggressive(twist=twist), model) == operators.WEIGHTS


def test_a_dead_saddle_is_caught(model: Model) -> None:
    assert promise_broken(gentle(change=planted.add_dead_network), model) == gradients_reach.PROMISE


def test_a_dead_rectifier_is_no_fault(model: Model) -> None:
    def silence(draft: Draft) -> None:
        new = draft.add_network(DenseSpec(2, (Layer(1, "relu"),)), {"x": False})
        draft.put(f"networks.{new}.main.0.bias", torch.full((1,), -100.0))
        draft.connect(new, "number", "random")

    assert len(check_operator(aggressive(change=silence), model, np.random.default_rng(0))) == 1


_flip = count()


@pytest.mark.parametrize(
    "places",
    [
        lambda _: [Site(components=("n1",))] * 2,
        lambda _: [Site(components=("n9",))],
        lambda _: [Site(arcs=(("x", "n9"),))],
        lambda _: [Site(outputs=("n1",))],
        lambda _: [Site(components=("n1",), place=("a", "b"))],  # type: ignore[arg-type]
        lambda valp: [Site(components=(n.id,)) for n in valp.networks][:: 1 if next(_flip) % 2 else -1],
    ],
    ids=["repeated", "unknown component", "unknown arc", "unknown output", "not JSON", "changing order"],
)
def test_wrong_sites_are_caught(places: object, model: Model) -> None:
    assert promise_broken(aggressive(places=places), model) == operators.SITES


def test_no_site_is_no_fault(model: Model) -> None:
    assert check_operator(aggressive(places=lambda _: []), model, np.random.default_rng(0)) == []


@pytest.mark.parametrize("promise", [state_carried.MOMENTS, state_carried.RECORDS])
def test_lost_state_is_caught(promise: str, model: Model) -> None:
    mutated = Draft(model, np.random.default_rng(0)).finish()
    child = inherit((model,), mutated)
    state_carried.check_state_carried("nothing", (model,), mutated, child)
    zeroed = {lead: {n: {p: v * 0 for p, v in s.items()} for n, s in t.items()} for lead, t in child.optimiser.items()}
    faulty = {
        state_carried.MOMENTS: [replace(child, optimiser={}), replace(child, optimiser=zeroed)],
        state_carried.RECORDS: [
            replace(child, histories={}),
            replace(child, balancer={}),
            replace(child, ages={}),
            replace(child, changed_at=0),
        ],
    }
    for broken in faulty[promise]:
        with pytest.raises(ConformanceError, match=promise):
            state_carried.check_state_carried("nothing", (model,), mutated, broken)

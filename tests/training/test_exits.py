"""Classifiers inside a network of cells: what their losses weigh, whom they move, and that they decide nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch.nn import functional as F  # noqa: N812 - torch's own custom

from tests.training.compiled.shared import TOLERANCE, assert_close, assert_same, compiled, eager, model_of, trained
from tests.training.toy_data import losses_of, prepared_for
from valpnas.cells.macro import Exits, Macro
from valpnas.cells.plan import plan_network
from valpnas.cells.text import read_cell
from valpnas.errors import InvalidValpError
from valpnas.graph.exits import loss_shares
from valpnas.graph.tasks import Classification, Regression
from valpnas.graph.validity import validate
from valpnas.graph.valp import Arc, Input, Output, OutputTraining, SubNetwork, Valp
from valpnas.networks.cell_spec import CellSpec
from valpnas.networks.dense_spec import DenseSpec, Layer
from valpnas.networks.module import count_parameters, load_module
from valpnas.training.balancing.balancer import Balancer
from valpnas.training.balancing.fixed import Fixed
from valpnas.training.balancing.uncertainty import Uncertainty

CELL = read_cell("[(-2, '3x3 conv', -1, '2x2 maxpool')]")


def spec(exits: Exits = "two", answers: str = "kind", classes: int = 3, entry: bool = True) -> CellSpec:
    macro = Macro(4, 2, 1, exits=exits)
    return CellSpec(CELL, macro, 2, (6, 6), entry, *((answers, classes) if exits != "last" else ()))


def valp_of(cells: CellSpec, rates: tuple[float, float] = (1e-2, 1e-2), algorithm: str = "sgd") -> Valp:
    """The network of cells is heard by both outputs, by the classes through another network only."""
    outputs = [Output("kind", Classification(3)), Output("number", Regression(1))]
    networks = [SubNetwork("n1", cells), SubNetwork("n2", DenseSpec(5, (Layer(6, "silu"),)))]
    pairs = [("picture", "n1"), ("n1", "n2"), ("n2", "kind"), ("n1", "number")]
    training = {o.name: OutputTraining(rate, algorithm) for o, rate in zip(outputs, rates, strict=True)}
    return Valp.make([Input("picture", (2, 6, 6), "image")], networks, outputs, [Arc(*p) for p in pairs], training, 10)


VALP = valp_of(spec())
PREPARED = prepared_for(VALP, 0)
LOSSES = losses_of(PREPARED)
ROWS = torch.arange(10)


def test_the_loss_is_that_of_the_head_and_of_the_exit() -> None:
    """A quarter and three quarters, each with its share of smoothing; other outputs are as they were."""
    losses = replace(LOSSES, label_smoothing=0.1)
    module = load_module(model_of(VALP, 0)).train()
    result = module({"picture": PREPARED.train.inputs["picture"][ROWS]})
    targets = {name: target[ROWS] for name, target in PREPARED.train.targets.items()}
    (inner,) = result.exits["n1"]
    head, other = (F.cross_entropy(x, targets["kind"], label_smoothing=0.1) for x in (result.values["kind"], inner))
    found = losses(module, result, targets)
    assert torch.isclose(found["kind"], (0.75 * head + 0.25 * other) / LOSSES.scales["kind"])
    bare = losses(module, replace(result, exits={}), targets)
    assert torch.isclose(bare["kind"], head / LOSSES.scales["kind"])
    assert torch.equal(bare["number"], found["number"])


def test_exits_are_computed_in_training_only() -> None:
    model = model_of(VALP, 0)
    picture = {"picture": PREPARED.train.inputs["picture"][ROWS]}
    before = load_module(model).eval()(picture)
    assert before.exits == {}
    inner = [name for name in model.weights if ".exits." in name]
    assert inner == ["networks.n1.body.exits.1.weight", "networks.n1.body.exits.1.bias"]
    other = replace(model, weights={**model.weights, **{name: 9 * model.weights[name] for name in inner}})
    assert torch.equal(load_module(other).eval()(picture).values["kind"], before.values["kind"])


def test_weights_are_those_of_the_plan() -> None:
    """The parameters too: the head of the output is the last exit."""
    single = Valp.make(
        [Input("picture", (2, 6, 6), "image")], [SubNetwork("n1", spec(entry=False))],
        [Output("kind", Classification(3))],
        [Arc("picture", "n1"), Arc("n1", "kind")], {"kind": OutputTraining()}, 10,
    )  # fmt: skip
    plan = plan_network(CELL, Macro(4, 2, 1, exits="two"), (2, 6, 6), 3)
    assert count_parameters(single) == plan.trainable
    shares = loss_shares(single, "kind")
    assert [(each.network, each.index, each.weight) for each in shares.exits] == [("n1", 0, 0.25)]
    assert shares.head == 0.75
    every = loss_shares(valp_of(spec("all")), "kind")
    assert [each.weight for each in every.exits] == [1 / 8, 1 / 4]
    assert every.head == 1 / 2


def test_only_what_is_heard_is_answered() -> None:
    assert loss_shares(VALP, "number").exits == ()
    unheard = replace(VALP, arcs=tuple(arc for arc in VALP.arcs if (arc.source, arc.target) != ("n1", "n2")))
    assert loss_shares(unheard, "kind").head == 1.0
    twins = replace(
        VALP, networks=(*VALP.networks, SubNetwork("n3", spec())),
        arcs=(*VALP.arcs, Arc("picture", "n3"), Arc("n3", "kind")),
    )  # fmt: skip
    shares = loss_shares(twins, "kind")
    assert (shares.head, [each.weight for each in shares.exits]) == (0.75, [0.125, 0.125])
    for few in ("[]", "[(-9, '3x3 conv', -9, '3x3 conv')]"):  # no cell, or one: there is nothing before the end
        assert replace(spec(), cell=read_cell(few)).inner_exits is None


@pytest.mark.parametrize("wrong", [("kind", 4), ("number", 3), ("sort", 3)])
def test_an_exit_answers_an_output_that_there_is(wrong: tuple[str, int]) -> None:
    with pytest.raises(InvalidValpError, match=r"expected exits of 'n1' for an output among \{'kind': 3\}"):
        validate(valp_of(spec("two", *wrong)))


@pytest.mark.parametrize("rates", [(1e-2, 1e-2), (1e-2, 1e-3)])
@pytest.mark.parametrize("balancer", [None, Fixed({"kind": 3.0}), Uncertainty()])
@pytest.mark.parametrize("exits", ["two", "all"])
def test_a_plan_finds_the_gradients_of_autograd(
    exits: Exits, balancer: Balancer | None, rates: tuple[float, float]
) -> None:
    """With one optimiser group and with two, of which one follows the exits."""
    model = model_of(valp_of(spec(exits), rates), 0, torch.float64)
    _, found = compiled(model, PREPARED, LOSSES, ROWS, balancer)
    plan_losses, expected = eager(model, PREPARED, LOSSES, ROWS, balancer)
    assert_close(found, expected, torch.float64)
    plan, _ = compiled(model, PREPARED, LOSSES, ROWS, balancer)
    assert torch.allclose(plan.losses, plan_losses, rtol=TOLERANCE[torch.float64])
    inner = expected["kind"]["networks.n1.body.exits.1.weight"]
    assert float(inner.abs().max()) > 0


def test_both_engines_train_the_exit() -> None:
    model = model_of(VALP, 0)
    plain, planned = trained(model, PREPARED, LOSSES, 8, label_smoothing=0.1, drop_path=0.3)
    assert_same(plain, planned, 5e-3)
    name = "networks.n1.body.exits.1.weight"
    assert float((plain.weights[name] - model.weights[name]).abs().max()) > 1e-4

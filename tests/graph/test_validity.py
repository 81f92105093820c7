"""Every rule of validity: broken by example and named, and kept by the nearest valid graph."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from valpnas.errors import InvalidValpError
from valpnas.graph.tasks import Classification, Regression, Task
from valpnas.graph.validity import RULES, check_same_outputs, is_valid, validate
from valpnas.graph.valp import Arc, Input, Output, OutputTraining, SubNetwork, Valp

from .strategies import quick, valps
from .toys import FIGURE_2, Toy, ToyOfExits, ToyOfOne, sketch

GOOD = sketch("i1 > n1 > o1")
INPUT, NETWORK, OUTPUT = GOOD.inputs[0], GOOD.networks[0], GOOD.outputs[0]


def trained(rate: float, algorithm: str = "adam") -> Valp:
    return GOOD.with_training("o1", OutputTraining(rate, algorithm))


def called(name: str) -> Valp:
    """The good graph with another name for its sub-network."""
    arcs = [Arc("i1", name), Arc(name, "o1")]
    return Valp.make([INPUT], [SubNetwork(name, Toy())], [OUTPUT], arcs)


# (rule, graph that breaks it and none before it, what the message must show)
BROKEN = [
    ("names", called("n 1"), "n 1"),
    ("names", called(""), "''"),
    ("names", called("n.1"), "n.1"),
    ("names", called("i1"), "'i1' twice"),
    ("names", called("o1"), "'o1' twice"),
    ("names", replace(GOOD, networks=(NETWORK, NETWORK)), "'n1' twice"),
    ("has-outputs", Valp.make([INPUT], [], [], []), "output"),
    ("has-outputs", Valp.make([], [], [OUTPUT], []), "input"),
    ("arc-ends", sketch("i1 > n1 > o1 > o2"), "o1 -> o2"),
    ("arc-ends", sketch("i1 > n1 > o1, n1 > i2"), "n1 -> i2"),
    ("arc-ends", GOOD.with_networks(GOOD.networks, [*GOOD.arcs, Arc("n9", "o1")]), "n9 -> o1"),
    ("arc-ends", GOOD.with_networks(GOOD.networks, [*GOOD.arcs, Arc("i1", "n1", identity=True)]), "repeated"),
    ("acyclic", sketch("i1 > n1 > n2 > n1, n2 > o1"), "n1 -> n2 -> n1"),
    ("acyclic", sketch("i1 > n1 > n1, n1 > o1"), "n1 -> n1"),
    ("fed", sketch("i1 > o1, n1 > o1"), "'n1'"),
    ("fed", sketch("i1 > n1 > o1, o2"), "'o2'"),
    ("used", sketch("i1 > o1, i1 > n1"), "'n1'"),
    ("inputs-used", sketch("i1 > n1 > o1, i2"), "'i2'"),
    ("decoded", sketch("i1 > g1"), "'i1'"),
    ("decoded", sketch("i1 > n1 > g1"), "'g1'"),
    ("decoded", sketch("i1 > d1 > n1 > g1, i1 > n1"), "'i1'"),
    ("decoded", sketch("i1 > d1 > g1, i2 > n1 > g1"), "'i2'"),
    ("identity-fits", sketch("i1 > n1 >> o1"), "n1 -> o1"),
    ("identity-fits", sketch("i1 >> d1 > o1"), "i1 -> d1"),
    ("identity-fits", sketch("i1 >> n1 > o1", {"n1": Toy(3)}), "i1 -> n1"),
    ("sources-fit", sketch("i1 > n1 > o1, i2 > n1", {"n1": ToyOfOne()}), "(4,), (4,)"),
    ("exits-fit", sketch("i1 > n1 > o1", {"n1": ToyOfExits(answers="o9")}), "'o9': 3"),
    ("exits-fit", sketch("i1 > n1 > o1", {"n1": ToyOfExits(classes=4)}), "'o1': 4"),
    ("trainable", replace(GOOD, batch_size=0), "got 0"),
    ("trainable", trained(0.0), "0.0"),
    ("trainable", trained(-1.0), "-1.0"),
    ("trainable", trained(float("nan")), "nan"),
    ("trainable", trained(float("inf")), "inf"),
    ("trainable", trained(1e-3, "magic"), "magic"),
]


@pytest.mark.parametrize(("rule", "valp", "shown"), BROKEN)
def test_a_broken_rule_is_named(rule: str, valp: Valp, shown: str) -> None:
    with pytest.raises(InvalidValpError) as caught:
        validate(valp)
    assert caught.value.rule == rule
    assert str(caught.value).startswith(f"invalid VALP ({rule}): expected ")
    assert shown in str(caught.value)
    assert not is_valid(valp)


def test_every_rule_is_broken_above() -> None:
    assert {rule for rule, _, _ in BROKEN} == set(RULES)


@pytest.mark.parametrize(
    "valp",
    [
        GOOD,
        FIGURE_2,
        sketch("i1 > o1"),
        sketch("i1 > n1 > o1, i2", optional="i2"),
        sketch("i1 > d1 > g1"),
        sketch("i1 > n1 > d1 > n2 > g1, d1 > d2 > n2, i1 > o1"),
        sketch("i1 > d1 > n1 > g1, i1 > d2 > n1"),
        sketch("i1 >> n1 > o1, i1 > o1"),
        called("A-b_9"),
        trained(1e-9, "sgd"),
    ],
)
def test_a_valid_graph_passes(valp: Valp) -> None:
    validate(valp)
    assert is_valid(valp)


@quick
@given(valps())
def test_drawn_graphs_are_valid(valp: Valp) -> None:
    validate(valp)
    assert is_valid(valp)


@quick
@given(valps(), st.data())
def test_starving_or_looping_any_network_is_found(valp: Valp, data: st.DataObject) -> None:
    target = data.draw(st.sampled_from([*valp.specs, *valp.tasks]))
    starved = valp.with_networks(valp.networks, [arc for arc in valp.arcs if arc.target != target])
    assert RULES["fed"](starved) is not None
    if inner := sorted(valp.ancestors(target) & set(valp.specs)) if target in valp.specs else []:
        looped = valp.with_networks(valp.networks, [*valp.arcs, Arc(target, data.draw(st.sampled_from(inner)))])
        assert RULES["acyclic"](looped) is not None


def test_outputs_must_be_the_problems() -> None:
    check_same_outputs(GOOD, [("o1", Classification(3))])
    tasks: list[tuple[str, Task]] = [("o1", Classification(4)), ("o1", Regression(3)), ("o2", Classification(3))]
    for asked in [[], *([task] for task in tasks)]:
        with pytest.raises(InvalidValpError, match="expected the problem's outputs") as caught:
            check_same_outputs(GOOD, asked)
        assert caught.value.rule == "outputs-match"


def test_an_unused_input_names_itself_only_if_required() -> None:
    idle = Input("i9", (4,), optional=True)
    assert is_valid(replace(GOOD, inputs=(INPUT, idle)))
    assert not is_valid(replace(GOOD, inputs=(INPUT, replace(idle, optional=False))))
    assert not is_valid(replace(GOOD, outputs=(OUTPUT, Output("o2", Regression(1))), training=GOOD.training * 2))

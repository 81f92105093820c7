"""The VALP itself: order does not matter, look-ups, fresh ids, changed copies."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from valpnas.errors import InvalidValpError
from valpnas.graph.tasks import Classification, Generation
from valpnas.graph.valp import Arc, Input, Output, OutputTraining, SubNetwork, Valp

from .strategies import quick, valps
from .toys import FIGURE_2, Toy, sketch


@quick
@given(valps(), st.data())
def test_the_order_of_building_does_not_matter(valp: Valp, data: st.DataObject) -> None:
    inputs, outputs = data.draw(st.permutations(valp.inputs)), data.draw(st.permutations(valp.outputs))
    networks, arcs = data.draw(st.permutations(valp.networks)), data.draw(st.permutations(valp.arcs))
    other = Valp.make(inputs, networks, outputs, arcs, valp.output_training, valp.batch_size)
    assert other == valp
    assert hash(other) == hash(valp)


@quick
@given(valps())
def test_networks_come_after_their_sources(valp: Valp) -> None:
    assert sorted(valp.order) == sorted(valp.specs)
    for arc in valp.arcs:
        if arc.source in valp.specs and arc.target in valp.specs:
            assert valp.order.index(arc.source) < valp.order.index(arc.target)


@quick
@given(valps())
def test_arcs_are_found_from_both_ends(valp: Valp) -> None:
    names = [*(i.name for i in valp.inputs), *valp.specs, *valp.tasks]
    assert sorted(a for name in names for a in valp.arcs_into(name)) == list(valp.arcs)
    assert sorted(a for name in names for a in valp.arcs_from(name)) == list(valp.arcs)
    for name in names:
        assert valp.sources(name) == tuple(a.source for a in valp.arcs if a.target == name)
        assert valp.targets(name) == tuple(a.target for a in valp.arcs if a.source == name)


def test_looking_up() -> None:
    assert FIGURE_2.sources("n3") == ("n1", "n2")
    assert FIGURE_2.targets("n6") == ("n4", "n5")
    assert FIGURE_2.arcs_into("i1") == FIGURE_2.arcs_from("o1") == ()
    assert FIGURE_2.descendants("n6") == {"n4", "n5", "o1", "o2"}
    assert FIGURE_2.ancestors("n4") == {"i1", "n2", "n6"}
    assert FIGURE_2.arc_map["n1", "n3"] == Arc("n1", "n3")
    assert FIGURE_2.order == ("n1", "n2", "n3", "n6", "n4", "n5")


def test_shapes_belong_to_inputs_and_networks() -> None:
    valp = Valp.make([Input("x", (3, 8, 8))], [SubNetwork("n1", Toy(5))], [Output("y", Classification(2))], [])
    assert valp.shape("x") == (3, 8, 8)
    assert valp.shape("n1") == (5,)
    with pytest.raises(InvalidValpError, match=r"known-component.*expected an input or a sub-network, got 'y'"):
        valp.shape("y")


@pytest.mark.parametrize(
    ("ids", "fresh"),
    [([], "n1"), (["n1", "n2"], "n3"), (["n7"], "n8"), (["trunk", "n2x"], "n1"), (["n1", "n3"], "n4")],
)
def test_a_fresh_id_is_above_every_number_in_use(ids: list[str], fresh: str) -> None:
    valp = Valp.make([Input("x", (4,))], [SubNetwork(name, Toy()) for name in ids], [], [])
    assert valp.fresh_id() == fresh


def test_a_fresh_id_avoids_inputs_and_outputs() -> None:
    valp = Valp.make([Input("n1", (4,))], [], [Output("n2", Classification(2))], [])
    assert valp.fresh_id() == "n3"


def test_changed_copies_leave_the_original_alone() -> None:
    valp = sketch("i1 > n1 > o1, n1 > o2")
    how = OutputTraining(0.1, "sgd")
    assert valp.with_spec("n1", Toy(9)).specs == {"n1": Toy(9)}
    assert valp.with_training("o2", how).output_training == {"o1": OutputTraining(), "o2": how}
    assert valp.with_networks([], [Arc("i1", "o2"), Arc("i1", "o1")]).arcs == (Arc("i1", "o1"), Arc("i1", "o2"))
    assert valp == sketch("i1 > n1 > o1, n1 > o2")
    with pytest.raises(FrozenInstanceError):
        valp.batch_size = 3  # type: ignore[misc]


def test_tasks_know_the_width_of_their_head() -> None:
    assert Classification(7).width == 7
    assert Generation((3, 4, 5)).width == 60

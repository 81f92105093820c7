"""The layered layout: every arc leads to the right, nothing lies on anything else, long arcs go round."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.graph.toys import FIGURE_2, sketch
from tests.training.toy_data import INPUTS, OUTPUTS, SMALL
from valpnas.graph.valp import Valp
from valpnas.networks.random_valp import random_valp
from valpnas.report.layout import lay_out, layers_of


def test_layers_are_longest_paths_and_outputs_share_the_last() -> None:
    assert layers_of(FIGURE_2) == {"i1": 0, "n1": 1, "n2": 1, "n6": 2, "n3": 2, "n4": 3, "n5": 3, "o1": 4, "o2": 4}


def test_a_short_way_does_not_pull_a_component_left() -> None:
    valp = sketch("i1 > n1 > n2 > n3 > o1, i1 > n3, i1 > o1")
    assert layers_of(valp)["n3"] == 3
    bends = lay_out(valp).bends
    assert [x for x, _ in bends["i1", "n3"]] == [1.0, 2.0]
    assert [x for x, _ in bends["i1", "o1"]] == [1.0, 2.0, 3.0]
    assert bends["n1", "n2"] == ()


def test_a_chain_is_a_straight_line() -> None:
    places = lay_out(sketch("i1 > n1 > n2 > o1")).places
    assert [places[name] for name in ("i1", "n1", "n2", "o1")] == [(float(x), 0.5) for x in range(4)]


def test_two_crossed_chains_are_uncrossed() -> None:
    """Sorted by name, n1 would lie above n2 and both arcs would cross."""
    places = lay_out(sketch("i1 > n2 > o1, i2 > n1 > o2")).places
    above = [places[one][1] < places[other][1] for one, other in (("i1", "i2"), ("n2", "n1"), ("o1", "o2"))]
    assert len(set(above)) == 1


def _overlaps(valp: Valp) -> list[tuple[str, str]]:
    places = sorted(lay_out(valp).places.items())
    return [
        (one, other)
        for i, (one, (x, y)) in enumerate(places)
        for other, (to_x, to_y) in places[i + 1 :]
        if x == to_x and abs(y - to_y) < 0.99
    ]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_any_model_is_laid_out(seed: int) -> None:
    valp = random_valp(INPUTS, OUTPUTS, SMALL, np.random.default_rng(seed))
    layout = lay_out(valp)
    assert set(layout.places) == set(valp.digraph)
    assert all(layout.places[source][0] < layout.places[target][0] for source, target in valp.arc_map)
    assert _overlaps(valp) == []
    assert all(0 < y < layout.rows for _, y in layout.places.values())
    bends = [point for points in layout.bends.values() for point in points]
    on_boxes = [p for p in bends for q in layout.places.values() if p[0] == q[0] and abs(p[1] - q[1]) < 0.7]
    assert on_boxes == []


def test_the_same_model_is_always_laid_out_alike() -> None:
    assert lay_out(FIGURE_2) == lay_out(FIGURE_2)

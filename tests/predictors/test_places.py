"""Traits of places: complete, those of what a change touches, and those of all outputs where it touches everything."""

from __future__ import annotations

import pytest

from tests.graph.toys import sketch
from valpnas.contracts.operator import Site
from valpnas.predictors.network_traits import NETWORK_TRAITS
from valpnas.predictors.output_traits import OUTPUT_TRAITS
from valpnas.predictors.place_traits import PLACE_TRAITS, Places

VALP = sketch("i1 > n1 > o1, i1 > n2 > o2, n1 > n3 > o2")
NETWORKS = {name: dict.fromkeys(NETWORK_TRAITS, float(number)) for number, name in enumerate(VALP.specs, 1)}
OUTPUTS = {"o1": dict.fromkeys(OUTPUT_TRAITS, 1.0), "o2": dict.fromkeys(OUTPUT_TRAITS, 3.0)}
PLACES = Places(VALP, NETWORKS, OUTPUTS, {("n1", "o1"): 2.0, ("n1", "o2"): 1.0, ("n3", "o2"): 5.0})


@pytest.mark.parametrize(
    ("site", "told"),
    [
        (Site(components=("n2",)), {"source.rank": 2.0, "target.rank": 2.0, "outputs.gap": 3.0, "outputs.share": 0.5}),
        (Site(arcs=(("n1", "o1"),)), {"source.rank": 1.0, "target.rank": 0.0, "target.is network": 0.0}),
        (Site(arcs=(("i1", "n3"),)), {"source.is network": 0.0, "target.rank": 3.0, "relevance": 5.0}),
        (Site(components=("n1",)), {"outputs.gap": 2.0, "relevance": 2.0, "relevance.mean": 1.5}),
        (Site(outputs=("o1",)), {"outputs.gap": 1.0, "relevance": 0.0}),
        (Site(place="halve"), {"outputs.gap": 2.0, "outputs.share": 1.0, "source.is network": 0.0}),
    ],
)
def test_a_place_has_the_traits_of_what_it_touches(site: Site, told: dict[str, float]) -> None:
    traits = PLACES.traits(site)
    assert traits.keys() == {*PLACE_TRAITS}
    assert {name: traits[name] for name in told} == told

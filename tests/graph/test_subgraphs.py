"""Sub-graphs: Figure 2 of the paper, small examples, and agreement with the definitions by following every path."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given

from valpnas.graph.subgraphs import (
    exclusive_subgraph,
    last_decoders,
    output_subgraph,
    sampling_zone,
    served_outputs,
    stands_alone,
)
from valpnas.graph.tasks import Generation
from valpnas.graph.valp import Valp

from .strategies import quick, valps
from .toys import FIGURE_2, sketch


def paths(valp: Valp, source: str, target: str) -> Iterator[list[str]]:
    """Yield every path from ``source`` to ``target``, arc by arc."""
    if source == target:
        yield [target]
    for arc in valp.arcs:
        if arc.source == source:
            yield from ([source, *rest] for rest in paths(valp, arc.target, target))


def decodes(valp: Valp, name: str) -> bool:
    return name in valp.specs and valp.specs[name].decodes


def test_figure_2_of_the_paper() -> None:
    networks = {network.id for network in FIGURE_2.networks}
    assert exclusive_subgraph(FIGURE_2, "o1") == {"n1", "n3", "n5"}
    assert exclusive_subgraph(FIGURE_2, "o2") == {"n4"}
    assert output_subgraph(FIGURE_2, "o1") & networks == {"n1", "n2", "n3", "n5", "n6"}
    assert output_subgraph(FIGURE_2, "o2") & networks == {"n2", "n4", "n6"}
    assert {name: served_outputs(FIGURE_2, name) for name in ("n1", "n2", "n4", "i1")} == {
        "n1": ("o1",),
        "n2": ("o1", "o2"),
        "n4": ("o2",),
        "i1": ("o1", "o2"),
    }


@quick
@given(valps())
def test_subgraphs_follow_from_paths(valp: Valp) -> None:
    components = [*(i.name for i in valp.inputs), *valp.specs]
    serves = {c: tuple(o for o in valp.tasks if next(paths(valp, c, o), None)) for c in components}
    assert {c: served_outputs(valp, c) for c in components} == serves
    for output in valp.tasks:
        assert output_subgraph(valp, output) == {c for c in components if output in serves[c]}
        assert exclusive_subgraph(valp, output) == {n for n in valp.specs if serves[n] == (output,)}


@quick
@given(valps())
def test_sampling_follows_from_paths(valp: Valp) -> None:
    components = [*(i.name for i in valp.inputs), *valp.specs]
    for output in valp.tasks:
        ways = [way for c in components for way in paths(valp, c, output)]
        clean = [way for way in ways if not any(decodes(valp, name) for name in way[1:])]
        assert sampling_zone(valp, output) == {way[0] for way in clean if not decodes(valp, way[0])}
        assert last_decoders(valp, output) == tuple(sorted({way[0] for way in clean if decodes(valp, way[0])}))


@pytest.mark.parametrize(
    ("text", "zone", "last"),
    [
        ("i1 > d1 > g1", set(), ("d1",)),
        ("i1 > d1 > n1 > g1", {"n1"}, ("d1",)),
        ("i1 > n1 > d1 > d2 > g1", set(), ("d2",)),
        ("i1 > d1 > d2 > n1 > g1, d1 > n1", {"n1"}, ("d1", "d2")),
        ("i1 > d1 > g1, i1 > d2 > n1 > g1, i1 > o1", {"n1"}, ("d1", "d2")),
        ("i1 > n1 > g1, i2 > d1 > g1", {"n1", "i1"}, ("d1",)),
    ],
)
def test_what_a_sample_is_made_of(text: str, zone: set[str], last: tuple[str, ...]) -> None:
    valp = sketch(text)
    assert sampling_zone(valp, "g1") == zone
    assert last_decoders(valp, "g1") == last


def test_inputs_are_in_no_exclusive_subgraph() -> None:
    valp = sketch("i1 > n1 > o1, i2 > n2 > o2")
    assert output_subgraph(valp, "o1") == {"i1", "n1"}
    assert exclusive_subgraph(valp, "o1") == {"n1"}


@quick
@given(valps())
def test_what_stands_alone_has_networks_that_serve_nothing_else(valp: Valp) -> None:
    generated = {output for output, task in valp.tasks.items() if isinstance(task, Generation)}
    for output in valp.tasks:
        makers = output_subgraph(valp, output)
        if output in generated:
            makers = sampling_zone(valp, output) | set(last_decoders(valp, output))
        serves = [served_outputs(valp, network) for network in sorted(makers & set(valp.specs))]
        assert stands_alone(valp, output) == (bool(serves) and all(each == (output,) for each in serves))


def test_who_stands_alone_in_figure_2_of_the_paper() -> None:
    """Nobody: n2 and n6 serve both outputs."""
    assert not stands_alone(FIGURE_2, "o1")
    assert not stands_alone(FIGURE_2, "o2")

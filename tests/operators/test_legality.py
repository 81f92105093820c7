"""Legal means what validity says: the places operators list are those that trying every candidate would find."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import HealthCheck, given, settings

from valpnas.contracts.space import Space
from valpnas.graph.validity import is_valid
from valpnas.graph.valp import Arc, Valp
from valpnas.testing.strategies import valps

from .cases import places

REPEATABLE = settings(
    derandomize=True, database=None, deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow]
)
ROOMY = Space(max_networks=20)


def with_arcs(valp: Valp, arcs: list[Arc]) -> Valp:
    """Return the same components with other arcs."""
    return valp.with_networks(valp.networks, arcs)


@REPEATABLE
@given(valps())
def test_every_valid_connection_can_be_added_and_no_other(valp: Valp) -> None:
    givers = [*(vertex.name for vertex in valp.inputs), *valp.specs]
    pairs = [(s, t) for s in givers for t in (*valp.specs, *valp.tasks) if (s, t) not in valp.arc_map]
    wanted = [f"{s}>{t}" for s, t in pairs if is_valid(with_arcs(valp, [*valp.arcs, Arc(s, t)]))]
    assert sorted(places("add_connection/gentle", valp, ROOMY)) == sorted(wanted)
    assert sorted(places("add_connection/aggressive", valp, ROOMY)) == sorted(wanted)


@REPEATABLE
@given(valps())
def test_every_spare_connection_can_be_deleted_and_no_other(valp: Valp) -> None:
    wanted = [
        f"{a.source}>{a.target}" for a in valp.arcs if is_valid(with_arcs(valp, [b for b in valp.arcs if b != a]))
    ]
    assert places("delete_connection", valp, ROOMY) == wanted


@REPEATABLE
@given(valps())
def test_every_spare_network_can_be_deleted_and_no_other(valp: Valp) -> None:
    wanted = [n.id for n in valp.networks if not is_only_way(valp, n.id) and is_valid(without(valp, n.id))]
    assert places("delete_network", valp, ROOMY) == wanted


def without(valp: Valp, network: str) -> Valp:
    """Return ``valp`` with the network's sources joined to its receivers."""
    kept = [arc for arc in valp.arcs if network not in (arc.source, arc.target)]
    joined = {(s, t) for s in valp.sources(network) for t in valp.targets(network)}
    new = [Arc(*pair) for pair in joined - {(arc.source, arc.target) for arc in kept}]
    return replace(valp, networks=tuple(n for n in valp.networks if n.id != network), arcs=tuple(kept + new))


def is_only_way(valp: Valp, network: str) -> bool:
    """Say whether ``network`` is the only one on all paths from some input to some output, found by walking them."""
    return any(on == {network} for i in valp.inputs for o in valp.tasks for on in [on_paths(valp, i.name, o)])


def on_paths(valp: Valp, start: str, end: str) -> set[str]:
    """Return the sub-networks on any path from ``start`` to ``end``."""
    found: set[str] = set()
    for target in valp.targets(start):
        behind = on_paths(valp, target, end)
        if behind or end in valp.targets(target):
            found |= {target} | behind
    return found - set(valp.tasks)


@REPEATABLE
@given(valps())
def test_no_network_is_added_to_a_full_model(valp: Valp) -> None:
    for name in ("insert_network", "clone_network"):
        for variant in ("gentle", "aggressive"):
            assert places(f"{name}/{variant}", valp, Space(max_networks=len(valp.networks))) == []

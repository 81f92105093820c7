"""Protection: what a change would touch, and which findings ask to leave that alone."""

from __future__ import annotations

import pytest

from tests.graph.toys import sketch
from valpnas.contracts.finding import Finding
from valpnas.contracts.operator import Site
from valpnas.search.choosers.protection import protection

from .fakes import fake

VALP = sketch("i1 > n1 > o1, i1 > n2 > o2, n1 > n3 > o2, n3 > o1, n2 > n4 > o2")
NEEDED = Finding("RELEVANT", "n3", "o1", advice="protect")
NEW = Finding("NEWBORN", "n3", advice="protect")
STRONG = Finding("STRONG_OUTPUT", output="o1", advice="protect")
AT = Site(components=("n3",))


def cut(source: str, target: str) -> Site:
    return Site(arcs=((source, target),))


@pytest.mark.parametrize(
    ("variant", "site", "finding", "reason"),
    [
        ("delete_network", AT, NEEDED, "n3 is needed for o1"),
        ("delete_network", AT, NEW, "n3 is too young to tell"),
        ("clone_network/aggressive", AT, NEEDED, "n3 is needed for o1"),
        ("clone_network/gentle", AT, NEEDED, ""),
        ("delete_network", Site(components=("n4",)), NEEDED, ""),
        ("delete_connection", cut("n3", "o1"), NEEDED, "n3 is needed for o1"),
        ("delete_connection", cut("n3", "o2"), NEEDED, ""),
        ("delete_connection", cut("n3", "o2"), NEW, "n3 is too young to tell"),
        ("delete_connection", cut("n1", "n3"), NEEDED, ""),
        ("add_connection/aggressive", cut("n2", "n3"), NEEDED, "n3 is needed for o1"),
        ("add_connection/gentle", cut("n2", "n3"), NEEDED, ""),
        ("donate_exclusive_subgraph", Site(outputs=("o1",)), STRONG, "output o1 is STRONG_OUTPUT"),
        ("donate_exclusive_subgraph", Site(outputs=("o2",)), STRONG, ""),
    ],
)
def test_what_is_protected_is_touched_by_gentle_changes_alone(
    variant: str, site: Site, finding: Finding, reason: str
) -> None:
    assert protection(VALP, fake(variant, site), site, [finding]) == reason


@pytest.mark.parametrize("advice", ["treat", "none"])
def test_other_advice_protects_nothing(advice: str) -> None:
    finding = Finding("PARTLY_RELEVANT", "n3", advice=advice)  # type: ignore[arg-type]
    assert protection(VALP, fake("delete_network", AT), AT, [finding]) == ""


def test_all_reasons_are_said() -> None:
    several = [NEEDED, Finding("RELEVANT", "n3", "o2", advice="protect"), NEW]
    reason = protection(VALP, fake("delete_network", AT), AT, several)
    assert reason == "n3 is too young to tell; is needed for o1, o2"

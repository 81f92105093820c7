"""The rules as data: everything that asks for treatment is treated, and nothing in the table is beside the point."""

from __future__ import annotations

import pytest

from tests.graph.toys import sketch
from valpnas import catalog
from valpnas.contracts.finding import Finding
from valpnas.contracts.operator import Site
from valpnas.diagnostics import DIAGNOSTICS
from valpnas.operators import OPERATORS
from valpnas.search.choosers.guided import asked_diagnostics
from valpnas.search.choosers.rules import REMEDIES, RULES, WHERE, priority

EMITTED = {name: catalog.diagnostic(name).emits for name in (entry.name for entry in DIAGNOSTICS)}
VALP = sketch("i1 > n1 > o1, i1 > n2 > o2, n1 > n3 > o2, n3 > o1, n2 > n4 > o2")


def test_every_finding_that_advises_treatment_is_treated() -> None:
    advised = {kind for emits in EMITTED.values() for kind, advice in emits.items() if advice == "treat"}
    assert advised == {rule.finding for rule in RULES}


def test_guided_looks_through_every_diagnostic_its_rules_are_about() -> None:
    asked = {rule.finding for rule in RULES}
    assert set(asked_diagnostics()) == {name for name, emits in EMITTED.items() if asked & set(emits)}


def test_every_rule_names_an_operator_and_a_place_there_is() -> None:
    assert {rule.variant for rule in RULES} <= {entry.name for entry in OPERATORS}
    assert {rule.where for rule in RULES} == set(WHERE)


def test_every_remedy_is_for_what_no_rule_treats_and_names_what_there_is() -> None:
    kinds = {kind for emits in EMITTED.values() for kind in emits}
    assert {rule.finding for rule in REMEDIES} <= kinds - {rule.finding for rule in RULES}
    assert {rule.variant for rule in REMEDIES} <= {entry.name for entry in OPERATORS}
    assert {rule.where for rule in REMEDIES} <= set(WHERE)


def test_no_rule_says_what_another_says() -> None:
    said = [(rule.finding, rule.variant, rule.where) for rule in RULES]
    assert len(set(said)) == len(said)
    assert all(rule.because for rule in RULES)


@pytest.mark.parametrize(
    ("variant", "tier"), [("delete_network", 0), ("remove_layer", 0), ("donate_exclusive_subgraph", 0)]
)
def test_reducers_and_donations_go_first(variant: str, tier: int) -> None:
    operator = next(catalog.load(entry) for entry in OPERATORS if entry.name == variant)
    assert priority(operator) == tier


def test_aggressive_expanders_go_before_gentle_ones() -> None:
    tiers = {entry.name: priority(catalog.load(entry)) for entry in OPERATORS}
    assert {tiers[name] for name in tiers if name.endswith("/aggressive")} == {1}
    others = [name for name in tiers if name.startswith("change_") and not name.endswith("/aggressive")]
    assert {tiers[name] for name in [*others, *(name for name in tiers if name.endswith("/gentle"))]} == {2}


HERE = {
    "network": (Finding("X", "n3"), Site(components=("n3",)), Site(components=("n1",))),
    "network-of-output": (Finding("X", output="o1"), Site(components=("n3",)), Site(components=("n2",))),
    "arc-of-output": (Finding("X", output="o1"), Site(arcs=(("n3", "o1"),)), Site(arcs=(("n2", "n4"),))),
    "arc-from-network": (Finding("X", "n3"), Site(arcs=(("n3", "o2"),)), Site(arcs=(("n1", "n3"),))),
    "arc-only-to-output": (Finding("X", "n3", "o2"), Site(arcs=(("n3", "o2"),)), Site(arcs=(("n3", "o1"),))),
    "output": (Finding("X", output="o1"), Site(outputs=("o1",)), Site(outputs=("o2",))),
    "lower-rate": (
        Finding("X", output="o1"),
        Site(outputs=("o1",), place="decrease"),
        Site(outputs=("o1",), place="increase"),
    ),
}


@pytest.mark.parametrize("where", WHERE)
def test_a_place_is_where_its_name_says(where: str) -> None:
    finding, inside, outside = HERE[where]
    assert WHERE[where](VALP, finding, inside)
    assert not WHERE[where](VALP, finding, outside)


def test_an_arc_serves_an_output_alone_through_networks_too() -> None:
    only = WHERE["arc-only-to-output"]
    assert only(VALP, Finding("X", "n2", "o2"), Site(arcs=(("n2", "n4"),))), "n4 serves o2 alone"
    assert not only(VALP, Finding("X", "n1", "o2"), Site(arcs=(("n1", "n3"),))), "n3 serves o1 as well"


def test_the_rate_of_another_output_is_left_alone() -> None:
    assert not WHERE["lower-rate"](VALP, Finding("X", output="o2"), Site(outputs=("o1",), place="decrease"))

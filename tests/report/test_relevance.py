"""Relevance and the order of findings, from diagnostics of any kind."""

from __future__ import annotations

from valpnas.contracts.finding import Finding
from valpnas.report.relevance import evidence_in_words, ranked, ratios
from valpnas.search.choosers.rules import RULES


def test_ratios_are_read_from_any_finding_about_a_component() -> None:
    findings = [
        Finding("RELEVANT", "n1", "a", evidence={"ratio": 3.0}),
        Finding("PARTLY_RELEVANT", "n1", evidence={"ratio a": 3.0, "ratio b": 1.1}),
        Finding("NEVER_SEEN_BEFORE", "input", "b", evidence={"ratio": 9.0, "other": 1.0}),
        Finding("NEWBORN", "n2", evidence={"batches": 5.0}),
        Finding("STEEP", output="a", evidence={"ratio": 7.0}),
    ]
    assert ratios(findings) == {"n1": {"a": 3.0, "b": 1.1}, "input": {"b": 9.0}}


def test_a_spare_part_of_an_input_does_not_hide_that_the_input_is_needed() -> None:
    whole = Finding("INPUT_RELEVANT", "table", "a", evidence={"ratio": 4.0, "ratio of feature 0-1": 1.0})
    part = Finding("INPUT_IRRELEVANT", "table", "a", evidence={"ratio": 1.0, "first feature": 0.0, "last feature": 1.0})
    assert ratios([whole, part]) == ratios([part, whole]) == {"table": {"a": 4.0}}


def test_findings_to_treat_come_first_and_strong_ones_before_weak_ones() -> None:
    findings = [
        Finding("X", output="a", strength=1.0, advice="none"),
        Finding("RELEVANT", "n1", "a", strength=1.0, advice="protect"),
        Finding("STUCK", output="b", strength=0.2, advice="treat"),
        Finding("IRRELEVANT", "n2", strength=0.9, advice="treat"),
    ]
    order = [(row.finding.kind, [variant for variant, _ in row.asks]) for row in ranked(findings)]
    assert order == [
        ("IRRELEVANT", ["delete_network"]),
        ("STUCK", ["insert_network/aggressive", "change_lr"]),
        ("RELEVANT", []),
        ("X", []),
    ]


def test_every_rule_is_told() -> None:
    for rule in RULES:
        (row,) = ranked([Finding(rule.finding, advice="treat")])
        assert (rule.variant, rule.because) in row.asks


def test_evidence_is_short() -> None:
    assert evidence_in_words({"ratio": 1.23456, "batches": 500.0}) == "ratio 1.23, batches 500"

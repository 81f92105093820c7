"""Situation: who may give to which operator, in a population and in a search of one model."""

from __future__ import annotations

from dataclasses import replace

import pytest

from valpnas.contracts.chooser import Chooser, Situation
from valpnas.contracts.job import Continue, Proposal
from valpnas.contracts.operator import Site
from valpnas.errors import PluginError
from valpnas.networks.module import fresh_model
from valpnas.search.proposing import Child, propose
from valpnas.seeding import stream

from .fakes import FakeBench, situation
from .test_by_gap import ALONE

GIVES, TAKES_BACK = "donate_exclusive_subgraph", "take_back"
THEN = {"y1": 0.1, "y2": 0.2, "y3": 0.3}


def seen(**more: object) -> Situation:
    bench = FakeBench(models={number: fresh_model(ALONE, stream(number)) for number in range(3)})
    return replace(situation(ALONE, bench), **more)  # type: ignore[arg-type] # whichever field is asked for


def test_peers_give_to_all_and_earlier_models_to_what_takes_from_the_archive() -> None:
    alone, old, among = seen(), seen(kept={1: THEN}), seen(peers={2: THEN})
    assert {GIVES, TAKES_BACK}.isdisjoint(alone.operators)
    assert {GIVES, TAKES_BACK} & old.operators.keys() == {TAKES_BACK}
    assert {GIVES, TAKES_BACK} <= among.operators.keys()
    assert (old.donors(GIVES), old.donors(TAKES_BACK)) == ({}, {1: THEN})
    assert (among.donors(GIVES), among.donors(TAKES_BACK)) == ({2: THEN}, {2: THEN})
    assert old.donors("add_layer/gentle") == old.donors("left out") == {}


class Wants(Chooser):
    """Wants one change."""

    name = "wants"

    def __init__(self, proposal: Proposal) -> None:
        self.proposal = proposal

    def choose(self, *_: object) -> Proposal | Continue:
        return self.proposal


@pytest.mark.parametrize("donor", [None, 0, 2])
def test_only_who_is_in_the_archive_may_be_named(donor: int | None) -> None:
    chooser = Wants(Proposal(TAKES_BACK, Site(outputs=("y1",)), "why", donor=donor))
    with pytest.raises(PluginError, match=rf"expected a donor among \[1\] for take_back, got {donor}"):
        propose(chooser, seen(kept={1: THEN}), 3, lambda _: "")


def test_who_is_in_the_archive_gives() -> None:
    chooser = Wants(Proposal(TAKES_BACK, Site(outputs=("y1",)), "why", donor=1))
    child = propose(chooser, seen(kept={1: THEN}), 3, lambda _: "")
    assert isinstance(child, Child)
    assert not child.fault
    assert child.model.valp.output_training["y1"].rests

"""Choosers: drawn operator first, guided by the rules and their hierarchy, the same for the same stream."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from tests.graph.toys import sketch
from valpnas.catalog import load
from valpnas.contracts.chooser import Chooser
from valpnas.contracts.finding import Finding
from valpnas.contracts.job import Continue, Proposal
from valpnas.contracts.model import Model
from valpnas.contracts.operator import Site
from valpnas.graph.valp import Valp
from valpnas.networks.module import fresh_model
from valpnas.networks.random_valp import random_valp
from valpnas.search import CHOOSERS as TABLE
from valpnas.search.choosers.guided import FAILED, UNASKED, Guided
from valpnas.search.choosers.random import Random, RandomGentle
from valpnas.search.choosers.rules import RULES
from valpnas.search.choosers.train_only import TrainOnly
from valpnas.seeding import stream

from .fakes import CHOOSERS, PROBLEM, FakeBench, FakeOperator, fake, situation
from .test_rules import HERE

VALP = sketch("i1 > n1 > o1, i1 > n2 > o2, n1 > n3 > o2, n3 > o1, n2 > n4 > o2")
SPOTS = [Site(place=str(i)) for i in range(40)]
PEERS = {1: {"o1": 0.5, "o2": 0.1}, 2: {"o1": 0.2, "o2": 0.3}, 3: {"o1": 0.9, "o2": 0.2}}
STEEP = Finding("STEEP", output="o1", advice="treat")
STUCK = Finding("STUCK", output="o1", advice="treat")
PARTLY = Finding("PARTLY_RELEVANT", "n3", evidence={"ratio o1": 3.0}, advice="treat")
SPARE = Finding("IRRELEVANT_TO_OUTPUT", "n3", "o1", advice="treat")
# One site for each rule, and one that no rule asks for.
OPERATORS = {
    "delete_connection": fake("delete_connection", Site(arcs=(("n3", "o1"),)), Site(arcs=(("n1", "o1"),))),
    "insert_network/aggressive": fake("insert_network/aggressive", Site(arcs=(("n3", "o2"),))),
    "clone_network/aggressive": fake("clone_network/aggressive", Site(components=("n3",))),
    "clone_network/gentle": fake("clone_network/gentle", Site(components=("n1",)), Site(components=("n2",))),
    "add_layer/gentle": fake("add_layer/gentle", *SPOTS),
    "add_layer/aggressive": fake("add_layer/aggressive", Site(place="main.1")),
}


def choose(chooser: Chooser, bench: FakeBench, seed: int = 0, aside: Sequence[str] = ()) -> Proposal | Continue:
    return chooser.choose(situation(VALP, bench, aside=aside), stream(seed))


def chosen(findings: Sequence[Finding], aside: Sequence[str] = (), draws: int = 40) -> set[tuple[str, Site]]:
    """What guided may choose, over many streams."""
    bench = FakeBench(operators=OPERATORS, seen=findings)
    proposals = [choose(Guided(), bench, seed, aside) for seed in range(draws)]
    return {(proposal.variant, proposal.site) for proposal in proposals if isinstance(proposal, Proposal)}


@pytest.mark.parametrize("name", CHOOSERS)
def test_the_same_stream_gives_the_same_proposal(name: str) -> None:
    model = fresh_model(random_valp(PROBLEM.inputs, PROBLEM.outputs, FakeBench().space, stream(1)), stream(1))
    bench = FakeBench(seen=[Finding("STEEP", output="y1", advice="treat")])
    made = [
        [load(entry).choose(situation(model.valp, bench), stream(seed)) for seed in range(12)]
        for _ in range(2)
        for entry in TABLE
        if entry.name == name
    ]
    assert made[0] == made[1]
    by_figures = ("train-only", "learned", "guided-calibrated")  # what they choose need not depend on the stream
    assert name in by_figures or len({str(proposal) for proposal in made[0]}) > 3


def test_random_draws_the_operator_before_the_place() -> None:
    """Forty places of one operator weigh no more than one place of another."""
    operators = {name: OPERATORS[name] for name in ("add_layer/gentle", "add_layer/aggressive")}
    bench = FakeBench(operators=operators)
    drawn = [choose(Random(), bench, seed) for seed in range(400)]
    counts = Counter(proposal.variant for proposal in drawn if isinstance(proposal, Proposal))
    assert 150 < counts["add_layer/aggressive"] < 250
    places = {
        proposal.site for proposal in drawn if isinstance(proposal, Proposal) and proposal.variant == "add_layer/gentle"
    }
    assert len(places) > 35


@pytest.mark.parametrize("chooser", [Random(), RandomGentle()])
def test_what_needs_a_finding_is_never_drawn(chooser: Chooser) -> None:
    class Asked(FakeOperator):
        drawn = False

    asked = Asked("asked", "hyperparameter", "neutral", "gentle", places=(Site(),))
    bench = FakeBench(operators={"asked": asked, **OPERATORS})
    drawn = [choose(chooser, bench, seed) for seed in range(40)]
    assert "asked" not in {proposal.variant for proposal in drawn if isinstance(proposal, Proposal)}
    assert isinstance(choose(chooser, FakeBench(operators={"asked": asked})), Continue)


def test_random_gentle_draws_gentle_ones_alone() -> None:
    bench = FakeBench(operators=OPERATORS)
    drawn = {p.variant for seed in range(60) if isinstance(p := choose(RandomGentle(), bench, seed), Proposal)}
    assert drawn == {"clone_network/gentle", "add_layer/gentle"}


@pytest.mark.parametrize("chooser", [Random(), RandomGentle(), Guided()])
def test_what_was_tried_is_not_chosen_again(chooser: Chooser) -> None:
    bench = FakeBench(operators=OPERATORS, seen=[STEEP, PARTLY])
    tried: list[tuple[str, Site]] = []
    while isinstance(proposal := chooser.choose(situation(VALP, bench, tried), stream(len(tried))), Proposal):
        assert (proposal.variant, proposal.site) not in tried
        tried.append((proposal.variant, proposal.site))
        assert len(tried) < 100
    names = {name for name, operator in OPERATORS.items() if operator.gentle or not isinstance(chooser, RandomGentle)}
    expected = sum(len(OPERATORS[name].places) for name in names)
    assert len(tried) == expected or isinstance(chooser, Guided)


def test_train_only_never_proposes() -> None:
    assert choose(TrainOnly(), FakeBench(operators=OPERATORS, seen=[STEEP])) == Continue(
        "train-only: no change is ever made"
    )


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.finding} -> {rule.variant}")
def test_each_rule_is_followed_where_it_says(rule: object) -> None:
    """A finding of the rule's kind, its operator with a place inside and one outside."""
    (asked,) = [each for each in RULES if each == rule]
    about, inside, outside = HERE[asked.where]
    finding = Finding(asked.finding, about.component, about.output, advice="treat")
    bench = FakeBench(operators={asked.variant: fake(asked.variant, outside, inside)}, seen=[finding])
    crosses = bench.operators[asked.variant].scope == "crossover"
    bench.models = {number: Model(VALP, {}) for number in PEERS}
    for seed in range(10):
        proposal = Guided().choose(situation(VALP, bench, peers=PEERS if crosses else None), stream(seed))
        assert isinstance(proposal, Proposal)
        assert proposal.donor == (2 if crosses else None)
        assert (proposal.variant, proposal.site) == (asked.variant, inside)
        assert proposal.reason == f"{finding}: {asked.because}"
        assert proposal.findings == (finding,)


def test_reducers_go_before_aggressive_expanders_before_gentle_ones() -> None:
    findings = [STEEP, PARTLY, SPARE, STUCK]
    assert chosen(findings) == {("delete_connection", Site(arcs=(("n3", "o1"),)))}
    aggressive = {
        ("insert_network/aggressive", Site(arcs=(("n3", "o2"),))),
        ("clone_network/aggressive", Site(components=("n3",))),
    }
    assert chosen(findings, ["delete_connection"]) == aggressive
    aside = ["delete_connection", "insert_network/aggressive", "clone_network/aggressive"]
    assert chosen(findings, aside) == {("clone_network/gentle", Site(components=("n1",)))}


def test_what_failed_is_set_aside_at_every_place() -> None:
    assert {variant for variant, _ in chosen([PARTLY], ["delete_connection"])} == {
        "insert_network/aggressive",
        "clone_network/aggressive",
    }


@pytest.mark.parametrize(
    "findings", [[], [Finding("UNDECIDED", output="o1")], [Finding("RELEVANT", "n3", "o1", advice="protect")]]
)
def test_without_anything_to_treat_a_random_gentle_change_is_made(findings: list[Finding]) -> None:
    assert {variant for variant, _ in chosen(findings)} == {"clone_network/gentle", "add_layer/gentle"}
    proposal = choose(Guided(), FakeBench(operators=OPERATORS, seen=findings))
    assert isinstance(proposal, Proposal)
    assert proposal.reason == UNASKED
    assert proposal.findings == ()


def test_a_random_change_says_whether_all_that_was_asked_for_has_failed() -> None:
    bench = FakeBench(operators=OPERATORS, seen=[STEEP])
    proposal = choose(Guided(), bench, aside=["clone_network/gentle"])
    assert isinstance(proposal, Proposal)
    assert proposal.reason == FAILED


def test_when_all_that_was_asked_for_has_failed_a_random_gentle_change_is_made() -> None:
    assert {variant for variant, _ in chosen([STEEP], ["clone_network/gentle"])} == {
        "clone_network/gentle",
        "add_layer/gentle",
    }


def test_every_finding_that_asks_for_the_change_goes_on_record() -> None:
    other = replace(SPARE, evidence={"ratio": 1.0})
    bench = FakeBench(operators={"delete_connection": OPERATORS["delete_connection"]}, seen=[STEEP, SPARE, other])
    proposal = choose(Guided(), bench)
    assert isinstance(proposal, Proposal)
    assert set(map(str, proposal.findings)) == {str(SPARE), str(other)}


def test_rules_about_operators_that_are_not_there_are_passed_over() -> None:
    bench = FakeBench(operators={"add_layer/gentle": OPERATORS["add_layer/gentle"]}, seen=[STEEP, PARTLY])
    proposal = choose(Guided(), bench)
    assert isinstance(proposal, Proposal)
    assert proposal.variant == "add_layer/gentle"


def test_the_operator_is_drawn_before_the_place_in_guided_too() -> None:
    many = fake("insert_network/aggressive", *(Site(arcs=(("n3", "o2"),), place=str(i)) for i in range(30)))
    bench = FakeBench(operators={**OPERATORS, "insert_network/aggressive": many}, seen=[PARTLY])
    drawn = [choose(Guided(), bench, seed, ["delete_connection"]) for seed in range(200)]
    counts = Counter(proposal.variant for proposal in drawn if isinstance(proposal, Proposal))
    assert 65 < counts["clone_network/aggressive"] < 135


def test_streams_decide_and_nothing_else() -> None:
    """No global randomness: what others draw in between changes nothing."""
    bench = FakeBench(operators=OPERATORS, seen=[PARTLY])
    before = choose(Guided(), bench, 5)
    np.random.default_rng(0).random(10)
    assert choose(Guided(), bench, 5) == before


def test_the_table_says_the_names_of_the_choosers() -> None:
    assert {load(entry).name for entry in TABLE} == {entry.name for entry in TABLE} == set(CHOOSERS)


def test_random_draws_a_donor_that_fits_or_something_else() -> None:
    class Picky(FakeOperator):
        def fits(self, host: Valp, donor: Valp, site: Site) -> bool:  # noqa: ARG002
            return donor.batch_size == 7

    real = fake("donate_exclusive_subgraph", Site(outputs=("o1",)))
    picky = Picky(real.name, real.scope, real.effect, real.aggressiveness, places=real.places)
    bench = FakeBench(operators={real.name: picky, "add_layer/gentle": fake("add_layer/gentle", *SPOTS)})
    bench.models = {n: Model(replace(VALP, batch_size=7 if n == 3 else 9), {}) for n in PEERS}
    drawn = [Random().choose(situation(VALP, bench, peers=PEERS), stream(seed)) for seed in range(20)]
    assert {(p.variant, p.donor) for p in drawn if isinstance(p, Proposal)} == {
        (real.name, 3),
        ("add_layer/gentle", None),
    }
    bench.models = {n: Model(VALP, {}) for n in PEERS}
    drawn = [Random().choose(situation(VALP, bench, peers=PEERS), stream(seed)) for seed in range(20)]
    assert {(p.variant, p.donor) for p in drawn if isinstance(p, Proposal)} == {("add_layer/gentle", None)}


def test_guided_asks_no_equal_for_a_donation() -> None:
    """With ties a peer of the better half of the ranking may be no better than the host."""
    name = "donate_exclusive_subgraph"
    weak = Finding("WEAK_OUTPUT", output="o1", evidence={"rank": 0.9}, advice="treat")
    bench = FakeBench(operators={name: fake(name, Site(outputs=("o1",)))}, seen=[weak])
    bench.models = {number: Model(VALP, {}) for number in PEERS}
    worse = situation(VALP, bench, peers=PEERS)
    proposal = Guided().choose(worse, stream(0))
    assert isinstance(proposal, Proposal)
    assert proposal.donor == 2
    equal = replace(worse, objectives=PEERS[2])
    assert isinstance(Guided().choose(equal, stream(0)), Continue)

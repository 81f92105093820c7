"""Choosers that price places: the planted one is taken, the protected left alone; they stop where nothing gains."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.graph.toys import sketch
from tests.predictors.fabricate import GROWTH, by_nothing, by_rank, planted
from valpnas.contracts.chooser import Chooser, Situation
from valpnas.contracts.finding import Finding
from valpnas.contracts.job import Continue, Proposal
from valpnas.contracts.operator import Site
from valpnas.contracts.past import Past
from valpnas.experiments.gains.calibrating import calibrate
from valpnas.predictors.bandit import BANDIT_TRAITS
from valpnas.predictors.gain_table import GainTable
from valpnas.predictors.learned import fit
from valpnas.predictors.network_traits import NETWORK_TRAITS
from valpnas.predictors.output_traits import OUTPUT_TRAITS
from valpnas.predictors.place_traits import PLACE_TRAITS
from valpnas.search.choosers import places
from valpnas.search.choosers.bandit import Bandit
from valpnas.search.choosers.guided_calibrated import GuidedCalibrated
from valpnas.search.choosers.learned import LearnedChooser
from valpnas.search.choosers.places import priced_places
from valpnas.seeding import stream

from .fakes import FakeBench, fake, situation

VALP = sketch("i1 > n1 > o1, i1 > n2 > o2, n1 > n3 > o2, n3 > o1, n2 > n4 > o2")
N1, N2, N3 = (Site(components=(name,)) for name in ("n1", "n2", "n3"))
OPERATORS = {
    "add_layer/gentle": fake("add_layer/gentle", N1, N2, N3),
    "insert_network/gentle": fake("insert_network/gentle", Site(arcs=(("n1", "n3"),))),
    "delete_network": fake("delete_network", N1, N2, N3),
    "clone_network/gentle": fake("clone_network/gentle", N1),  # in no table of these tests
}
TRAITS = {
    "networks": {n: dict.fromkeys(NETWORK_TRAITS, 0.0) | {"rank": 2.0 * (n == "n2") - 1} for n in VALP.specs},
    "outputs": {o: dict.fromkeys(OUTPUT_TRAITS, 0.0) for o in VALP.tasks},
}
GAINS = planted(by_rank)
LOSING = planted(lambda *what: by_rank(*what) - 1.0)
BENCH = FakeBench(operators=OPERATORS, shown=TRAITS)
CHOOSERS: dict[str, tuple[Chooser, Chooser]] = {  # one that knows where gains are, one that knows of losses alone
    "guided-calibrated": (GuidedCalibrated(calibrate(GAINS, 400)), GuidedCalibrated(calibrate(LOSING, 400))),
    "learned": (LearnedChooser(fit(GAINS, 400)), LearnedChooser(fit(LOSING, 400))),
    "bandit": (
        Bandit(beliefs=fit(GAINS, 400, (*BANDIT_TRAITS, "source.width"))),
        Bandit(beliefs=fit(LOSING, 400, BANDIT_TRAITS)),
    ),
}


def refusing(*pairs: tuple[str, Site]) -> Situation:
    """Return the situation after these were refused in the same choice."""
    plain = situation(VALP, BENCH, tried=pairs)
    return replace(plain, refused=dict.fromkeys(pairs, "exceed max_parameters"))


@pytest.mark.parametrize("name", CHOOSERS)
def test_the_planted_place_is_taken_and_the_reason_given(name: str) -> None:
    chosen = [CHOOSERS[name][0].choose(situation(VALP, BENCH), stream(seed)) for seed in range(10)]
    assert all(isinstance(each, Proposal) for each in chosen)
    for each in chosen:
        assert isinstance(each, Proposal)
        assert (each.variant, each.site) == ("add_layer/gentle", N2)
        assert "add_layer/gentle" in each.reason
        assert "+." in each.reason or "+0." in each.reason
        assert each.features["target.rank"] == 1.0
        assert all(type(value) is float for value in each.features.values())


HALVE, DOUBLE = Site(place="halve"), Site(place="double")


def opposite() -> GainTable:
    """Return gains of a variant whose one setting loses what the other gains."""
    table = planted(by_nothing, variants=("add_layer/gentle",))
    ways = ((row, way, gain) for row in table.rows for way, gain in (("halve", -0.2), ("double", 0.2)))
    rows = (replace(row, setting=way, gains={400: row.gains[400] + gain}) for row, way, gain in ways)
    return replace(table, rows=tuple(rows))


@pytest.mark.parametrize(
    "chooser",
    [
        GuidedCalibrated(calibrate(opposite(), 400)),
        LearnedChooser(fit(opposite(), 400)),
        Bandit(beliefs=fit(opposite(), 400, BANDIT_TRAITS)),
    ],
    ids=CHOOSERS,
)
def test_of_two_settings_the_one_that_gained_is_taken_and_the_other_never(chooser: Chooser) -> None:
    bench = FakeBench(operators={"add_layer/gentle": fake("add_layer/gentle", HALVE, DOUBLE)}, shown=TRAITS)
    now = situation(VALP, bench)
    chosen = [chooser.choose(now, stream(seed)) for seed in range(10)]
    assert {each.site for each in chosen if isinstance(each, Proposal)} == {DOUBLE}
    assert "double" in chosen[0].reason
    left = situation(VALP, bench, tried=[("add_layer/gentle", DOUBLE)])
    assert isinstance(chooser.choose(left, stream(0)), Continue)


@pytest.mark.parametrize("name", CHOOSERS)
def test_training_goes_on_where_every_change_loses(name: str) -> None:
    chosen = CHOOSERS[name][1].choose(situation(VALP, BENCH), stream(0))
    assert isinstance(chosen, Continue)
    assert "the best: " in chosen.reason


@pytest.mark.parametrize("name", CHOOSERS)
def test_training_goes_on_where_nothing_is_left(name: str) -> None:
    tried = [(variant, site) for variant, operator in OPERATORS.items() for site in operator.sites(VALP)]
    chosen = CHOOSERS[name][0].choose(situation(VALP, BENCH, tried=tried), stream(0))
    assert chosen == Continue("no change that was measured is left to try")


@pytest.mark.parametrize("name", CHOOSERS)
def test_the_same_stream_gives_the_same_choice(name: str) -> None:
    one, other = (CHOOSERS[name][0].choose(situation(VALP, BENCH), stream(3)) for _ in range(2))
    assert one == other


def test_only_measured_changes_are_priced_and_no_protected_one() -> None:
    needed = Finding("RELEVANT", "n2", "o2", evidence={"ratio o2": 3.0}, advice="protect")
    found = priced_places(situation(VALP, replace(BENCH, seen=[needed])), GROWTH, stream(0))
    assert {variant: [place.site for place in of] for variant, of in found.items()} == {
        "add_layer/gentle": [N1, N2, N3],
        "delete_network": [N1, N3],
        "insert_network/gentle": [Site(arcs=(("n1", "n3"),))],
    }
    (second,) = (place for place in found["add_layer/gentle"] if place.site == N2)
    assert second.traits["relevance"] == pytest.approx(np.log(3.0))
    assert second.traits.keys() == {*PLACE_TRAITS}


def test_hyperparameters_are_left_alone_however_much_they_gained() -> None:
    rate = {"change_lr": fake("change_lr", Site(place="decrease")), "change_bs": fake("change_bs", DOUBLE)}
    bench = replace(BENCH, operators={**OPERATORS, **rate})
    growths = {**GROWTH, "change_lr (decrease)": 1.0, "change_bs (double)": 1.0}
    assert set(priced_places(situation(VALP, bench), growths, stream(0))) == set(GROWTH)


def test_what_grows_as_much_as_something_refused_is_not_asked_for() -> None:
    asked = set(priced_places(refusing(("add_layer/gentle", N1)), GROWTH, stream(0)))
    assert asked == {"delete_network"}
    assert set(priced_places(refusing(("insert_network/gentle", N1)), GROWTH, stream(0))) == {
        "add_layer/gentle",
        "delete_network",
    }


def test_of_many_places_some_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "MOST", 2)
    drawn = [priced_places(situation(VALP, BENCH), GROWTH, stream(seed))["add_layer/gentle"] for seed in range(20)]
    assert all(len(each) == 2 for each in drawn)
    assert {place.site for each in drawn for place in each} == {N1, N2, N3}


@pytest.mark.parametrize("name", ["learned", "bandit"])
def test_what_failed_in_this_run_is_given_up(name: str) -> None:
    """Both begin with a table that says nothing; a change that lost again and again is not what they propose."""
    blank = fit(planted(by_nothing), 400, PLACE_TRAITS if name == "learned" else BANDIT_TRAITS)
    chooser: Chooser = LearnedChooser(blank) if name == "learned" else Bandit(beliefs=blank)
    lost = Proposal("add_layer/gentle", N2, "why", features=dict.fromkeys(PLACE_TRAITS, 0.0))
    history = [Past(0, objectives={"o": 1.0}, batches=500, cost=500.0, adopted=True)]
    for step in range(1, 31):
        how = {"proposal": lost} if step % 2 else {"continued": Continue("why")}
        level = 1.0 if step % 2 else 0.8
        history.append(Past(step, step - 1, objectives={"o": level}, batches=400, cost=400.0, adopted=True, **how))  # type: ignore[arg-type]
    now = replace(situation(VALP, BENCH), history=tuple(history))
    chosen = [chooser.choose(now, stream(seed)) for seed in range(20)]
    again = [each for each in chosen if isinstance(each, Proposal) and each.variant == "add_layer/gentle"]
    assert len(again) < 6

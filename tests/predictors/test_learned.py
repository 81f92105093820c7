"""Learned: planted places are ranked, doubt is honest, a run's own rows count, and beliefs add up in any order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from sklearn.linear_model import Ridge

from valpnas.experiments.gains.calibrating import calibrate
from valpnas.predictors.bandit import BANDIT_TRAITS, sampled
from valpnas.predictors.belief import Belief
from valpnas.predictors.gain_table import GainTable
from valpnas.predictors.learned import Told, fit, ignorant
from valpnas.predictors.place_traits import PLACE_TRAITS
from valpnas.seeding import stream

from .fabricate import by_nothing, by_rank, planted, shuffled

TABLE = planted(by_rank)
ELSEWHERE = planted(by_rank, models=5, problem="unseen")
NOWHERE = dict.fromkeys(PLACE_TRAITS, 0.0)


def test_places_of_unseen_models_are_ranked() -> None:
    known = fit(TABLE, 400)
    for variant in ("add_layer/gentle", "insert_network/gentle"):
        rows = [row for row in ELSEWHERE.rows if row.variant == variant]
        means, _ = known.expected(variant, [row.traits for row in rows])
        assert stats.spearmanr(means, [row.gains[400] for row in rows]).statistic > 0.9
        assert known.because(variant, {**NOWHERE, "target.rank": 2.0}).startswith("target.rank is high (+")
    assert known.expected("delete_network", [NOWHERE])[0][0] == pytest.approx(-0.1, abs=0.03)
    assert known.growths["insert_network/gentle"] == pytest.approx(1.2)


def test_opposite_settings_of_a_variant_are_believed_apart() -> None:
    def opposite(table: GainTable) -> GainTable:
        rows = (
            replace(row, setting=way, place=f"({way})", gains={400: row.gains[400] + gain})
            for row in table.rows
            for way, gain in (("halve", -0.2), ("double", 0.2))
        )
        return replace(table, rows=tuple(rows))

    table = opposite(planted(by_nothing, variants=("change_bs",)))
    known = fit(table, 400)
    assert known.beliefs.keys() == {"change_bs (halve)", "change_bs (double)"} == {row.change for row in table.rows}
    assert known.expected("change_bs (double)", [NOWHERE])[0][0] == pytest.approx(0.2, abs=0.05)
    assert known.expected("change_bs (halve)", [NOWHERE])[0][0] == pytest.approx(-0.2, abs=0.05)
    after = known.told([Told("change_bs (double)", NOWHERE, -0.5)] * 9)
    assert after.expected("change_bs (double)", [NOWHERE])[0][0] < 0.1
    assert after.expected("change_bs (halve)", [NOWHERE]) == known.expected("change_bs (halve)", [NOWHERE])
    found = calibrate(table, 400)
    assert (found.effects["change_bs (double)"].gain, found.effects["change_bs (halve)"].gain) == pytest.approx(
        (0.2, -0.2), abs=0.05
    )


def test_the_order_of_rows_does_not_matter() -> None:
    places = [row.traits for row in ELSEWHERE.rows[:9]]
    for one, other in zip(
        fit(TABLE, 400).expected("add_layer/gentle", places),
        fit(shuffled(TABLE), 400).expected("add_layer/gentle", places),
        strict=True,
    ):
        assert np.array_equal(one, other)


def test_noise_promises_little_and_a_stranger_is_doubtful() -> None:
    known = fit(planted(by_nothing), 400)
    means, errors = known.expected("add_layer/gentle", [row.traits for row in ELSEWHERE.rows])
    assert np.abs(means).max() < 0.05
    assert (known.expected("unheard", [NOWHERE])[1] >= errors.min()).all()


def test_what_a_run_has_seen_counts_and_its_order_does_not() -> None:
    known = fit(TABLE, 400)
    run = [Told("add_layer/gentle", {**NOWHERE, "relevance": float(i)}, -0.2 + 0.01 * i) for i in range(8)]
    after = known.told(run)
    assert after.expected("add_layer/gentle", [NOWHERE])[0] < known.expected("add_layer/gentle", [NOWHERE])[0]
    assert after.expected("delete_network", [NOWHERE]) == known.expected("delete_network", [NOWHERE])
    assert after.expected("add_layer/gentle", [NOWHERE]) == known.told(run[::-1]).expected(
        "add_layer/gentle", [NOWHERE]
    )
    assert known.told([]) is known


def test_noisy_rewards_count_less() -> None:
    known, noise = fit(TABLE, 400), stream(1).standard_normal(8)
    calm, wild = (
        [Told("add_layer/gentle", NOWHERE, -0.2 + spread * float(e)) for e in noise - noise.mean()]
        for spread in (0.01, 0.2)
    )
    moved = [known.told(run).expected("add_layer/gentle", [NOWHERE])[0][0] for run in (calm, wild)]
    assert moved[0] < moved[1]


def test_a_belief_told_in_parts_is_the_one_told_at_once() -> None:
    rng = stream(2)
    rows, rewards = rng.standard_normal((20, 3)), rng.standard_normal(20)
    prior = Belief.prior(np.zeros(3), np.full(3, 0.5), 1.0, 2.0)
    at_once, in_parts = prior.told(rows, rewards), prior.told(rows[12:], rewards[12:]).told(rows[:12], rewards[:12])
    assert at_once.mean == pytest.approx(in_parts.mean)
    assert at_once.noise == pytest.approx(in_parts.noise)
    ridge = Ridge(alpha=2.0, fit_intercept=False).fit(rows, rewards)  # noise 1 over variance .5
    assert at_once.mean == pytest.approx(ridge.coef_)
    assert (at_once.expected(np.eye(3))[1] < prior.expected(np.eye(3))[1]).all()


def test_draws_have_the_spread_that_is_believed() -> None:
    rng = stream(5)
    belief = Belief.prior(np.array([1.0, -1.0]), np.array([0.04, 0.01]), 0.1, 1000.0)
    drawn = np.array([belief.drawn(rng) for _ in range(2000)])
    assert drawn.mean(0) == pytest.approx([1.0, -1.0], abs=0.02)
    assert drawn.std(0) == pytest.approx([0.2, 0.1], rel=0.1)


@pytest.mark.parametrize("prior", ["none", "table"])
def test_the_bandit_prefers_the_arm_that_paid(prior: str) -> None:
    noise = planted(by_nothing)
    known = fit(noise, 400, BANDIT_TRAITS) if prior == "table" else ignorant(noise, 400, BANDIT_TRAITS, 0.05)
    run = [Told("insert_network/gentle", NOWHERE, 0.1)] * 12 + [Told("add_layer/gentle", NOWHERE, -0.1)] * 12
    known, rng, wins = known.told(run), stream(6), 0
    arms = {"add_layer/gentle": [NOWHERE], "insert_network/gentle": [NOWHERE]}
    for _ in range(100):
        drawn = sampled(known, arms, rng)
        wins += bool(drawn["insert_network/gentle"][0] > drawn["add_layer/gentle"][0])
    assert wins > 85
    again = [sampled(known, dict(order), stream(7)) for order in (arms.items(), reversed(arms.items()))]
    assert all(np.array_equal(again[0][arm], again[1][arm]) for arm in arms)

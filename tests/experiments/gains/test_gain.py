"""Gains of hand-written tables, the tests of ranks against each other, and how sure an effect is."""

from __future__ import annotations

from math import log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valpnas.contracts.operator import Site
from valpnas.experiments.gains.figures import twins
from valpnas.experiments.gains.gain import Gain, gains
from valpnas.experiments.gains.measured import UNCHANGED, Measured
from valpnas.experiments.gains.ranks import dunn, kruskal_wallis
from valpnas.experiments.gains.summary import ceiling, effects

PLACE = Site(components=("n1",))


def measured(variant: str, repeat: int, batches: int, loss: float, model: int = 0) -> Measured:
    """Return a moment in which both outputs have losses in proportion."""
    site = PLACE if variant else Site()
    figures = {"a": loss, "b": 10 * loss}
    return Measured(model, variant, site, repeat, batches, 100, 50, 0.1, figures, figures)


def gained(variant: str, *repeats: float, model: int = 0, site: Site = PLACE) -> Gain:
    """Return a gain after 100 batches."""
    return Gain(model, variant, site, 100, repeats, {"a": repeats[0]}, 1.0, 1.0)


def test_a_gain_is_what_the_same_batches_without_the_change_did_not_bring() -> None:
    rows = [measured(UNCHANGED, r, b, loss) for r, b, loss in [(0, 0, 1.0), (0, 10, 0.5), (1, 0, 1.0), (1, 10, 0.4)]]
    rows += [measured("op", r, b, loss) for r, b, loss in [(0, 0, 9.0), (0, 10, 0.25), (1, 0, 9.0), (1, 10, 0.8)]]
    (found,) = gains(rows)
    assert found.repeats == pytest.approx((log(2), -log(2)))
    assert found.by_output == pytest.approx({"a": 0.0, "b": 0.0}, abs=1e-12)
    assert (found.variant, found.batches, found.site) == ("op", 10, PLACE)


def test_a_clone_that_failed_is_judged_while_it_lived() -> None:
    rows = [measured(UNCHANGED, 0, b, 1.0) for b in (0, 10, 20)] + [measured("op", 0, b, 0.5) for b in (0, 10)]
    assert [gain.batches for gain in gains(rows)] == [10]


def test_zero_errors_count_as_half_the_smallest_seen() -> None:
    rows = [measured(UNCHANGED, 0, 10, 0.5), measured("op", 0, 10, 0.0)]
    assert gains(rows)[0].mean == pytest.approx(log(0.5 / 0.25))


@settings(deadline=None)  # the first call imports what scipy needs
@given(st.lists(st.integers(0, 5), min_size=2, max_size=12), st.lists(st.integers(0, 5), min_size=2, max_size=12))
def test_of_two_groups_dunn_says_what_kruskal_and_wallis_say(first: list[int], second: list[int]) -> None:
    groups = {"first": [float(v) for v in first], "second": [float(v) for v in second]}
    (z, p), (statistic, p_all) = dunn(groups)["first", "second"], kruskal_wallis(groups)
    assert z**2 == pytest.approx(statistic, abs=1e-9)
    assert p == pytest.approx(p_all, abs=1e-9)


def test_dunn_corrects_for_all_pairs_and_says_who_is_higher() -> None:
    groups = {"low": [1.0, 2.0, 3.0, 4.0], "same": [1.5, 2.5, 3.5, 4.5], "high": [11.0, 12.0, 13.0, 14.0]}
    found = dunn(groups)
    assert found["low", "high"][0] < found["same", "high"][0] < 0
    assert found["low", "same"][1] > 0.5 > found["low", "high"][1]
    assert len(found) == 3


def test_models_are_the_sample_not_places() -> None:
    other = Site(components=("n2",))
    found = effects([gained("op", 1.0, 1.0), gained("op", 3.0, 3.0, site=other), gained("op", 8.0, 8.0, model=1)])
    assert len(found) == 1
    assert (found[0].models, found[0].places) == (2, 3)
    assert found[0].mean == pytest.approx((2.0 + 8.0) / 2)
    assert found[0].error == pytest.approx(np.std([2.0, 8.0], ddof=1) / np.sqrt(2))


def test_the_ceiling_is_one_without_noise_and_low_in_noise_alone() -> None:
    sure = [gained("op", float(i), float(i), site=Site(components=(f"n{i}",))) for i in range(5)]
    assert ceiling(sure) == pytest.approx(1.0)
    rng = np.random.default_rng(0)
    noise = [gained("op", *rng.standard_normal(2).tolist(), site=Site(components=(f"n{i}",))) for i in range(400)]
    found = ceiling(noise)
    assert found is not None
    assert found < 0.4
    assert ceiling([gained("op", 1.0)]) is None


def test_twins_are_compared_at_the_same_place_only() -> None:
    other = Site(components=("n2",))
    found = [gained("op/gentle", 2.0), gained("op/aggressive", 0.5), gained("op/gentle", 9.0, site=other)]
    assert twins(found) == {"op": [1.5]}

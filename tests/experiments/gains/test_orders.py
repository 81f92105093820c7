"""Orders: Spearman's correlation within variants, and a chance that is found as often as its p says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from statistics import fmean

import numpy as np
import pytest
from scipy import stats

from tests.predictors.fabricate import by_nothing, by_rank, planted
from valpnas.experiments.gains import orders as module
from valpnas.experiments.gains.orders import Floats, Indices, by_variant, orders, ranked, shuffled
from valpnas.predictors.gain_table import Row
from valpnas.seeding import stream

ROWS = planted(by_rank).rows
GAINS = np.array([row.gains[400] for row in ROWS])
TRAITS = np.array([[row.traits["target.rank"], row.traits["outputs.gap"], 1.0] for row in ROWS])


def of(traits: Floats, rows: Sequence[Row] = ROWS, gains: Floats = GAINS, signed: bool = True) -> list[list[float]]:
    return [list(each) for each in orders(rows, traits, gains, 49, stream(0, "test"), signed)]


def test_it_is_the_mean_of_spearmans_correlations() -> None:
    inside = by_variant(ROWS)
    expected = [
        fmean(float(stats.spearmanr(TRAITS[places, column], GAINS[places]).statistic) for places in inside)
        for column in (0, 1)
    ]
    for signed in (True, False):
        found = of(TRAITS, signed=signed)
        assert [plain for _, plain, _ in found] == pytest.approx([*expected, 0.0])
        assert found[2][:2] == [0.0, 0.0]  # what is the same everywhere orders nothing, nor by chance
        assert found[2][2] == 1.0
    assert of(TRAITS, signed=False)[0][0] == pytest.approx(expected[0])


def test_only_ranks_count_and_of_signed_columns_no_sign() -> None:
    assert of(np.exp(TRAITS)) == of(TRAITS)
    turned, plain = of(-TRAITS), of(TRAITS)
    assert [order for order, *_ in turned] == pytest.approx([order for order, *_ in plain])
    assert [own for _, own, _ in turned] == pytest.approx([-own for _, own, _ in plain])


def test_the_order_of_the_rows_does_not_matter() -> None:
    moved = stream(1, "rows").permutation(len(ROWS))
    found = of(TRAITS[moved], [ROWS[i] for i in moved], GAINS[moved])
    assert [each[:2] for each in found] == [pytest.approx(each[:2]) for each in of(TRAITS)]


def test_a_shuffle_moves_models_as_a_whole_and_places_alike_for_all_variants() -> None:
    rows = [*ROWS, *planted(by_nothing, models=2, places=4, problem="other").rows]
    moved = shuffled(rows, stream(2, "shuffle"))
    assert sorted(moved.tolist()) == list(range(len(rows)))  # all models have as many places
    given: dict[tuple[str, int], set[tuple[str, int]]] = {}
    places: dict[tuple[str, int, str], set[str]] = {}
    for row, source in zip(rows, (rows[i] for i in moved), strict=True):
        assert (row.problem, row.variant) == (source.problem, source.variant)
        given.setdefault(row.base, set()).add(source.base)
        places.setdefault((*row.base, row.place), set()).add(source.place)
    assert all(len(bases) == 1 for bases in given.values())
    assert all(len(names) == 1 for names in places.values())


def alike(number: int) -> tuple[list[Row], Floats, Floats]:
    """Return rows whose models, and whose places for all variants, are alike in gains and in traits, independently."""
    rng = stream(number, "alike")
    of_models = [planted(by_nothing, models=m, places=5, problem=name).rows for name, m in (("one", 6), ("two", 4))]
    rows = [row for rows in of_models for row in rows if row.model % 2 or row.place < "n3"]  # unequal models
    gains, traits = (np.zeros((len(rows), n)) for n in (1, 3))
    for table in (gains, traits):
        for level in ({row.base for row in rows}, {(row.base, row.place) for row in rows}):
            effects = {key: rng.standard_normal(table.shape[1]) for key in sorted(level, key=str)}
            table += [effects.get(row.base, effects.get((row.base, row.place))) for row in rows]
    return rows, traits, gains[:, 0] + 0.3 * rng.standard_normal(len(rows))


def share_found(signed: bool) -> float:
    found: list[float] = []
    for number in range(40):
        rows, traits, gains = alike(number)
        found += [p for _, _, p in orders(rows, traits, gains, 39, stream(number, "shuffles"), signed)]
    return fmean(p <= 0.1 for p in found)


@pytest.mark.parametrize("signed", [True, False])
def test_chance_is_found_as_often_as_p_says(signed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    assert 0.03 < share_found(signed) < 0.17

    def naive(rows: Sequence[Row], rng: np.random.Generator) -> Indices:
        moved = np.arange(len(rows))
        for places in by_variant(rows):
            moved[places] = rng.permutation(places)
        return moved

    monkeypatch.setattr(module, "shuffled", naive)  # as if places were no one's
    assert share_found(signed) > 0.25


def test_ranks_have_mean_0_and_deviation_1() -> None:
    values: Iterator[Floats] = (stream(3, "ranks").standard_normal((9, 2)), np.array([[1.0, 2.0], [1.0, 2.0]]))
    spread, same = (ranked(each) for each in values)
    assert spread.mean(axis=0) == pytest.approx(0)
    assert spread.std(axis=0) == pytest.approx(1)
    assert not same.any()


def test_variants_of_few_places_say_nothing() -> None:
    few = [replace(row, variant="rare") for row in ROWS[:3]]
    assert [ROWS[places[0]].variant for places in by_variant([*ROWS, *few])] == sorted({row.variant for row in ROWS})

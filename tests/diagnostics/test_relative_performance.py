"""relative_performance: ranks among peers, strong outputs and the one weak output."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given

from tests.graph.strategies import quick
from tests.training.toy_data import losses_of, toy_model, toy_prepared
from valpnas.contracts.finding import Finding
from valpnas.diagnostics.relative_performance import RelativePerformance
from valpnas.seeding import stream
from valpnas.testing.diagnostics import check_diagnostic
from valpnas.testing.strategies import SEEDS
from valpnas.training.view import HeldOutView

PREPARED = toy_prepared()
MODEL, LOSSES = toy_model(PREPARED), losses_of(PREPARED)
NAMES = tuple(MODEL.valp.tasks)


def view_of(
    objectives: Mapping[str, float], peers: Mapping[int, Mapping[str, float]], candidate: int = 99
) -> HeldOutView:
    return HeldOutView(MODEL, PREPARED, LOSSES, candidate, objectives, peers)


def said(view: HeldOutView) -> dict[str, str]:
    return {f.output: f.kind for f in RelativePerformance().examine(view, stream(0))}


def ladder(count: int = 8) -> dict[int, dict[str, float]]:
    """Peers with objectives 1, 2, ... in every output."""
    return {i: dict.fromkeys(NAMES, float(i + 1)) for i in range(count)}


def objectives(*values: float) -> dict[str, float]:
    return dict(zip(NAMES, values, strict=True))


@pytest.mark.parametrize(
    ("values", "kinds"),
    [
        ((0, 0, 0, 0), ("S", "S", "S", "S")),
        ((9, 0, 0, 0), ("W", "S", "S", "S")),
        ((2.5, 2.5, 2.5, 6.5), ("S", "S", "S", "W")),
        ((5.5, 0, 0, 0), ("W", "S", "S", "S")),
        ((4.5, 0, 0, 0), ("", "S", "S", "S")),
        ((3.5, 3.5, 3.5, 5.5), ("", "", "", "W")),
        ((3.5, 3.5, 5.5, 5.5), ("", "", "", "")),
        ((9, 9, 0, 0), ("", "", "S", "S")),
        ((9, 5, 0, 0), ("", "", "S", "S")),
        ((9, 9, 9, 9), ("", "", "", "")),
    ],
)
def test_strong_and_weak_outputs(values: tuple[float, ...], kinds: tuple[str, ...]) -> None:
    full = {"S": "STRONG_OUTPUT", "W": "WEAK_OUTPUT"}
    expected = {name: full[kind] for name, kind in zip(NAMES, kinds, strict=True) if kind}
    assert said(view_of(objectives(*values), ladder())) == expected


def test_a_rank_is_the_share_of_better_peers_and_ties_count_half() -> None:
    peers = {i: dict.fromkeys(NAMES, value) for i, value in enumerate([1.0, 2, 2, 2, 3, 4, 5, 6])}
    found: list[Finding] = list(
        RelativePerformance(strong=1).examine(view_of(objectives(0, 2, 3, 7), peers), stream(0))
    )
    assert [f.evidence["rank"] for f in found] == [0, 2.5 / 8, 4.5 / 8, 1]
    assert found[0].evidence["peers"] == 8
    assert found[0].evidence["median of peers"] == 2.5


def test_who_trades_one_output_for_the_others_is_weak_in_a_population_of_four() -> None:
    """Thresholds are those of ranks: whatever the scale, some can host where models are good at different things."""
    table = [[1, 1, 2, 4], [2, 2, 3, 1], [3, 3, 4, 2], [4, 4, 1, 3]]  # a row per member
    members = {i: objectives(*(10.0**k * value for k, value in enumerate(row))) for i, row in enumerate(table)}
    weak = set()
    for i, own in members.items():
        found = said(view_of(own, {j: other for j, other in members.items() if j != i}, i))
        weak |= {(i, output) for output, kind in found.items() if kind == "WEAK_OUTPUT"}
    assert weak == {(0, NAMES[3]), (1, NAMES[2])}, "the others are in the lower part in several"


def test_few_peers_are_no_ranking() -> None:
    assert said(view_of(objectives(0, 0, 0, 0), ladder(2))) == {}
    assert said(view_of({}, {})) == {}


@pytest.mark.parametrize(("candidate", "first", "last"), [(0, 0, 9), (50, 45, 54), (200, 90, 99)])
def test_it_compares_with_the_peers_nearest_in_number(candidate: int, first: int, last: int) -> None:
    view = view_of(objectives(0, 0, 0, 0), ladder(100), candidate)
    found = RelativePerformance(nearest=10).examine(view, stream(0))
    assert found[0].evidence["median of peers"] == pytest.approx((first + last) / 2 + 1, abs=1)


@quick
@given(SEEDS)
def test_it_keeps_the_contract(seed: int) -> None:
    rng = np.random.default_rng(seed)
    peers = {i: {name: float(rng.integers(5)) for name in NAMES} for i in range(int(rng.integers(12)))}
    check_diagnostic(RelativePerformance(), view_of(objectives(*rng.random(4) * 5), peers), rng)

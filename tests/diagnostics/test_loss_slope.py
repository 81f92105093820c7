"""loss_slope: planted slopes are found, at any scale, and noise alone is rarely taken for a fall."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.signal import lfilter

from tests.graph.strategies import quick
from tests.training.toy_data import losses_of, toy_model, toy_prepared
from valpnas.contracts.finding import Finding
from valpnas.diagnostics.loss_slope import LossSlope, fitted_line
from valpnas.graph.valp import LOWEST_RATE
from valpnas.seeding import stream
from valpnas.testing.diagnostics import check_diagnostic
from valpnas.training.view import HeldOutView

Floats = NDArray[np.float64]
PREPARED = toy_prepared()
MODEL = toy_model(PREPARED)
LOSSES = losses_of(PREPARED)
OUTPUT = "kind"
SEEDS = st.integers(0, 2**31 - 1)


def view_of(histories: Mapping[str, Floats], changed_at: int = 0, disturbed_at: int | None = None) -> HeldOutView:
    tensors = {name: torch.as_tensor(values, dtype=torch.float32) for name, values in histories.items()}
    disturbed = changed_at if disturbed_at is None else disturbed_at
    model = replace(MODEL, histories=tensors, changed_at=changed_at, disturbed_at=disturbed)
    return HeldOutView(model, PREPARED, LOSSES)


def judge(losses: Floats, changed_at: int = 0, disturbed_at: int | None = None) -> Finding:
    (finding,) = LossSlope().examine(view_of({OUTPUT: losses}, changed_at, disturbed_at), stream(0))
    return finding


def line(fall: float, batches: int = 1000, noise: float = 0.05, seed: int = 0, level: float = 1.0) -> Floats:
    """Losses that fall by the share ``fall`` per batch, with noise of a share of the level."""
    rng = np.random.default_rng(seed)
    falling = np.exp(-fall * (np.arange(batches) - batches / 2))
    return np.asarray(level * falling * np.abs(1 + noise * rng.standard_normal(batches)))


@pytest.mark.parametrize(
    ("fall", "kind"), [(1e-3, "STEEP"), (4e-4, "STEEP"), (2e-4, "MODERATE"), (5e-5, "MODERATE"), (-2e-4, "STUCK")]
)
def test_planted_slopes_are_found(fall: float, kind: str) -> None:
    for seed in range(10):
        finding = judge(line(fall, seed=seed))
        assert finding.kind == kind
        assert finding.evidence["slope per batch"] == pytest.approx(-fall, abs=5e-5)


@pytest.mark.parametrize(("time", "batches"), [(50, 300), (100, 500), (100, 1000), (1000, 300)])
def test_losses_that_fall_by_orders_of_magnitude_are_steep(time: float, batches: int) -> None:
    """A bend is no noise: an exponential fall, and one by a power, whose slope is another everywhere."""
    for seed in range(20):
        noise = 1 + 0.1 * np.random.default_rng(seed).standard_normal(batches)
        finding = judge(np.exp(-np.arange(batches) / time) * noise)
        assert finding.kind == "STEEP"
        assert finding.evidence["slope per batch"] == pytest.approx(-1 / time, rel=0.3)
        assert judge(np.arange(1, batches + 1) ** -1.0 * noise).kind == "STEEP"


def test_losses_of_zero_are_stuck() -> None:
    assert judge(np.zeros(300)).kind == "STUCK"


def test_short_windows_see_steep_falls_too() -> None:
    assert judge(line(3e-3, batches=150)).kind == "STEEP"


def test_too_few_batches_decide_nothing() -> None:
    finding = judge(line(1e-3, batches=99))
    assert (finding.kind, finding.advice, finding.evidence) == ("UNDECIDED", "none", {"batches": 99.0})
    assert judge(line(1e-3, batches=100)).kind != "UNDECIDED"


def test_only_batches_since_the_last_change_count() -> None:
    losses = np.concatenate([line(5e-3, 200), line(-5e-4, 300, level=0.5)])
    assert judge(losses, changed_at=200).kind == "STUCK"
    assert judge(losses, changed_at=450).kind == "UNDECIDED"


def test_only_the_latest_batches_count() -> None:
    losses = np.concatenate([line(9e-4, 1000, level=3), line(-1e-4, 1000)])
    assert judge(losses).kind == "STUCK"
    assert judge(losses).evidence["batches"] == 1000


@quick
@given(SEEDS, st.sampled_from([1e-3, 2e-4, 0.0, -2e-4]), st.sampled_from([1e-6, 1e-3, 1e3, 1e6]))
def test_the_scale_of_a_loss_changes_nothing(seed: int, fall: float, scale: float) -> None:
    one, other = judge(line(fall, 400, seed=seed)), judge(scale * line(fall, 400, seed=seed))
    assert other.kind == one.kind
    evidence = {**other.evidence, "level": other.evidence["level"] / scale}
    assert evidence == pytest.approx(one.evidence, rel=1e-3, abs=1e-9)
    assert other.strength == pytest.approx(one.strength, rel=1e-3, abs=1e-9 / LossSlope.steep)  # as exact as the slope


def share(kind: str, fall: float, batches: int, seeds: int = 200) -> float:
    return float(np.mean([judge(line(fall, batches, seed=seed)).kind == kind for seed in range(seeds)]))


def test_a_flat_loss_is_called_stuck() -> None:
    """STUCK means "not significantly falling" at 2.5 %, if the standard error is honest."""
    assert share("STUCK", 0.0, 1000) >= 0.95
    assert share("STUCK", 0.0, 300) >= 0.95
    assert share("STUCK", 0.0, 200) >= 0.9


def alike(batches: int, seed: int, correlation: float) -> Floats:
    """Flat losses, each like the one before."""
    rng = np.random.default_rng(seed)
    noise = lfilter([np.sqrt(1 - correlation**2)], [1, -correlation], rng.standard_normal(batches + 200))[200:]
    return np.asarray(1 + 0.05 * noise)


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.8, 0.9])
@pytest.mark.parametrize("batches", [300, 1000])
def test_losses_like_their_neighbours_do_not_make_the_error_too_small(correlation: float, batches: int) -> None:
    found = [fitted_line(alike(batches, seed, correlation)) for seed in range(200)]
    spread = float(np.std([slope for slope, _, _ in found]))
    assert float(np.median([error for _, error, _ in found])) > 0.8 * spread
    assert np.mean([slope / error < -1.96 for slope, error, _ in found]) < 0.08


def test_one_step_of_the_default_two_hundred_batches_says_something() -> None:
    """After an aggressive change there is nothing to reach back to: 200 batches must do."""
    assert share("STEEP", 1e-3, 200) > 0.95
    assert share("UNDECIDED", 0.0, 200) < 0.1


def test_what_too_much_noise_hides_is_not_called_stuck() -> None:
    """Losses in which a steep fall would go unnoticed are not evidence of its absence."""
    assert judge(line(0.0, 150, noise=0.5)).kind == "UNDECIDED"


def test_a_short_window_reaches_back_over_gentle_changes_only() -> None:
    losses = np.concatenate([line(9e-4, 500, level=1.4), line(9e-4, 200)])
    reached = judge(losses, changed_at=500, disturbed_at=0)
    assert (reached.evidence["batches"], judge(losses, changed_at=500).evidence["batches"]) == (300, 200)
    assert judge(losses, changed_at=500, disturbed_at=450).evidence["batches"] == 250
    assert judge(losses, changed_at=300, disturbed_at=0).evidence["batches"] == 400, "enough since the change"


def test_significance_is_the_chance_of_such_a_fall_without_one() -> None:
    for fall, least, most in ((1e-3, 0.0, 1e-3), (0.0, 0.02, 0.98), (-1e-3, 0.999, 1.0)):
        assert least <= judge(line(fall)).evidence["significance"] <= most


def test_noise_alone_is_rarely_called_steep() -> None:
    assert share("STEEP", 0.0, 1000) == 0
    assert share("STEEP", 0.0, 100) < 0.06


def test_a_real_fall_is_rarely_called_stuck() -> None:
    """Five standard errors of fall (0.05 of noise over 300 batches have 3.3e-5 each) are missed next to never."""
    assert share("STUCK", 5 * 3.3e-5, 300) < 0.02


def test_the_standard_error_is_that_of_a_straight_line() -> None:
    errors = [fitted_line(line(0, 500, seed=seed)) for seed in range(200)]
    spread = float(np.std([slope for slope, _, _ in errors]))
    stated = float(np.median([stderr for _, stderr, _ in errors]))
    least_squares = 0.05 * np.sqrt(12) / 500**1.5
    assert stated == pytest.approx(spread, rel=0.25)
    assert spread == pytest.approx(least_squares, rel=0.25)


def test_single_wild_batches_do_not_decide() -> None:
    losses = line(1e-3)
    losses[[5, 995]] *= 50
    assert judge(losses).kind == "STEEP"


@pytest.mark.parametrize(
    ("losses", "kind"),
    [
        (np.full(300, 0.7), "STUCK"),
        (np.zeros(300), "STUCK"),
        (np.linspace(1, 0.5, 300), "STEEP"),
        (np.linspace(0.5, 1, 300), "STUCK"),
        (np.full(300, 1e38), "STUCK"),
        (np.full(300, 1e-42), "STUCK"),
    ],
)
def test_losses_without_noise_are_judged_too(losses: Floats, kind: str) -> None:
    finding = judge(losses)
    assert finding.kind == kind
    assert all(np.isfinite(list(finding.evidence.values())))
    assert 0 <= finding.strength <= 1


def test_every_output_gets_its_own_finding_with_advice_to_treat() -> None:
    found = LossSlope().examine(view_of({"shares": line(1e-3), "drawn": line(-1e-3)}), stream(0))
    assert [(f.output, f.kind, f.advice, f.component) for f in found] == [
        ("drawn", "STUCK", "treat", ""),
        ("shares", "STEEP", "treat", ""),
    ]


def test_nothing_is_said_of_an_output_at_rest() -> None:
    """Its loss stays where it is because it was told to rest; to call it stuck would ask to wake it."""
    how = replace(MODEL.valp.output_training["drawn"], learning_rate=LOWEST_RATE)
    histories = {output: torch.as_tensor(line(1e-3), dtype=torch.float32) for output in ("shares", "drawn")}
    resting = replace(MODEL, valp=MODEL.valp.with_training("drawn", how), histories=histories)
    found = LossSlope().examine(HeldOutView(resting, PREPARED, LOSSES), stream(0))
    assert [f.output for f in found] == ["shares"]


@quick
@given(SEEDS, st.integers(0, 400), st.floats(-1e-3, 1e-3))
def test_it_keeps_the_contract(seed: int, batches: int, fall: float) -> None:
    view = view_of(dict.fromkeys(MODEL.valp.tasks, line(fall, batches, seed=seed)))
    found = check_diagnostic(LossSlope(), view, np.random.default_rng(seed))
    assert len(found) == len(MODEL.valp.tasks)

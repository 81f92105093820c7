"""Learning-rate schedules as part of a job's protocol: factors, and the share of the run a job covers."""

from __future__ import annotations

import json
from math import cos, pi
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from valpnas.contracts.augmentation import Augmentation
from valpnas.contracts.protocol import SCHEDULES, Protocol, Schedule
from valpnas.errors import ConfigError, UnknownNameError

PROGRESS = st.floats(0, 1)


@given(PROGRESS, st.floats(0.01, 1))
def test_factors_lie_between_zero_and_one_and_never_rise(progress: float, final: float) -> None:
    for name in SCHEDULES:
        schedule = Schedule(name, final)
        assert 0 <= schedule.factor(progress) <= 1
        if name == "cosine-restarts":
            continue
        assert schedule.factor(min(1.0, progress + 0.1)) <= schedule.factor(progress) + 1e-12


def test_factors_at_known_points() -> None:
    linear, cosine = Schedule("linear", 0.25), Schedule("cosine")
    assert [linear.factor(p) for p in (0, 0.5, 0.75, 0.875, 1)] == pytest.approx([1, 1, 1, 0.5, 0])
    assert [cosine.factor(p) for p in (0, 0.3, 1)] == pytest.approx([1, 0.5 * (1 + cos(0.3 * pi)), 0])
    assert [Schedule("constant").factor(p) for p in (0, 1)] == [1, 1]


def test_cycles_of_21_epochs_end_with_epochs_3_9_and_21() -> None:
    """However many batches an epoch has, and in however many pieces: no rounding may cost a restart its batch."""
    for batches in (1, 3, 7, 14, 391):
        total = 21 * batches
        for pieces in (1, 21):
            whole = Protocol(total, Schedule("cosine-restarts"), (0.0, 1.0))
            parts = [whole.part(total * i // pieces, total * (i + 1) // pieces) for i in range(pieces)]
            factors = [part.schedule.factor(part.progress(b)) for part in parts for b in range(part.batches)]
            assert [i for i, f in enumerate(factors) if f > 1 - 1e-8] == [0, 3 * batches, 9 * batches]
            ends = [cos(pi * (1 - 1 / length)) for length in (3 * batches, 6 * batches, 12 * batches)]
            reached = [factors[end * batches - 1] for end in (3, 9, 21)]
            assert reached == pytest.approx([0.5 * (1 + end) for end in ends], abs=1e-6)
    assert Schedule("cosine-restarts").factor(1.0) == pytest.approx(0)


def test_cycles_of_equal_length_and_ones_that_a_run_cuts_off() -> None:
    equal = Schedule("cosine-restarts", first=0.25, growth=1.0)
    assert [equal.factor(p) for p in (0, 0.125, 0.25, 0.5, 0.875)] == pytest.approx([1, 0.5, 1, 1, 0.5])
    cut = Schedule("cosine-restarts", first=0.4, growth=2.0)
    assert [cut.factor(p) for p in (0.2, 0.4, 0.8)] == pytest.approx([0.5, 1, 0.5])


@pytest.mark.parametrize("wrong", [{"first": 0.0}, {"first": 1.5}, {"growth": 0.5}, {"growth": float("nan")}])
def test_cycles_no_run_can_have_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=r"first_cycle|cycle_growth"):
        Schedule("cosine-restarts", **wrong)


def test_protocols_survive_json_and_those_of_earlier_versions_have_defaults() -> None:
    full = Protocol(
        7, Schedule("cosine-restarts", 0.2, 0.5, 1.5), (0.1, 0.2), 3.0, Augmentation(0.125, True, 0.25), 0.1, 0.2,
        "best-epoch",
    )  # fmt: skip
    assert Protocol.from_json(json.loads(json.dumps(full.to_json()))) == full
    old = {"batches": 7, "schedule": {"name": "linear", "final": 0.3}, "span": [0.0, 0.5], "time_limit": 0.0}
    assert Protocol.from_json(old) == Protocol(7, Schedule(), (0.0, 0.5))


@pytest.mark.parametrize("wrong", [{"label_smoothing": 1.0}, {"drop_path": -0.1}, {"select": "best"}])
def test_what_no_protocol_can_say_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises((ConfigError, UnknownNameError), match=r"expected a share|did you mean best-epoch|known"):
        Protocol(1, **wrong)


def test_a_job_walks_through_its_span() -> None:
    protocol = Protocol(4, Schedule(), (0.25, 0.75))
    assert [protocol.progress(batch) for batch in range(5)] == pytest.approx([0.25, 0.375, 0.5, 0.625, 0.75])


def test_an_unknown_schedule_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="unknown schedule 'stepwise': known: constant, cosine, cosine-restarts"):
        Schedule("stepwise", 0.3)


@pytest.mark.parametrize("final", [0.0, -1.0, 1.5])
def test_an_impossible_decay_is_refused(final: float) -> None:
    with pytest.raises(ConfigError, match=r"final_decay: expected a part of the run in \(0, 1\], got"):
        Schedule("linear", final)


@given(st.integers(1, 1000), st.sampled_from(SCHEDULES), PROGRESS, st.floats(0, 1e6))
def test_a_protocol_survives_json(batches: int, name: str, start: float, limit: float) -> None:
    protocol = Protocol(batches, Schedule(name), (start, 1.0), limit)
    assert Protocol.from_json(protocol.to_json()) == protocol

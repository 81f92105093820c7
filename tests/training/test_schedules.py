"""Learning-rate schedules as part of a job's protocol: factors, and the share of the run a job covers."""

from __future__ import annotations

from math import cos, pi

import pytest
from hypothesis import given
from hypothesis import strategies as st

from valpnas.contracts.protocol import SCHEDULES, Protocol, Schedule
from valpnas.errors import ConfigError, UnknownNameError

PROGRESS = st.floats(0, 1)


@given(PROGRESS, st.floats(0.01, 1))
def test_factors_lie_between_zero_and_one_and_never_rise(progress: float, final: float) -> None:
    for name in SCHEDULES:
        schedule = Schedule(name, final)
        assert 0 <= schedule.factor(progress) <= 1
        assert schedule.factor(min(1.0, progress + 0.1)) <= schedule.factor(progress) + 1e-12


def test_factors_at_known_points() -> None:
    linear, cosine = Schedule("linear", 0.25), Schedule("cosine")
    assert [linear.factor(p) for p in (0, 0.5, 0.75, 0.875, 1)] == pytest.approx([1, 1, 1, 0.5, 0])
    assert [cosine.factor(p) for p in (0, 0.3, 1)] == pytest.approx([1, 0.5 * (1 + cos(0.3 * pi)), 0])
    assert [Schedule("constant").factor(p) for p in (0, 1)] == [1, 1]


def test_a_job_walks_through_its_span() -> None:
    protocol = Protocol(4, Schedule(), (0.25, 0.75))
    assert [protocol.progress(batch) for batch in range(5)] == pytest.approx([0.25, 0.375, 0.5, 0.625, 0.75])


def test_an_unknown_schedule_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="unknown schedule 'stepwise': known: constant, cosine, linear"):
        Schedule("stepwise", 0.3)


@pytest.mark.parametrize("final", [0.0, -1.0, 1.5])
def test_an_impossible_decay_is_refused(final: float) -> None:
    with pytest.raises(ConfigError, match=r"final_decay: expected a part of the run in \(0, 1\], got"):
        Schedule("linear", final)


@given(st.integers(1, 1000), st.sampled_from(SCHEDULES), PROGRESS, st.floats(0, 1e6))
def test_a_protocol_survives_json(batches: int, name: str, start: float, limit: float) -> None:
    protocol = Protocol(batches, Schedule(name), (start, 1.0), limit)
    assert Protocol.from_json(protocol.to_json()) == protocol

"""What a search has trained: a set that grows, forgets nothing, and stays small."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.graph.strategies import quick
from valpnas.contracts.job import JobRecord
from valpnas.contracts.protocol import Protocol
from valpnas.search.known import Known


def record(number: int) -> JobRecord:
    return JobRecord(number, (), "change", f"graph {number % 7}", Protocol(1), None, f"weights {number}")


@quick
@given(st.lists(st.lists(st.integers(0, 60), max_size=9), max_size=20))
def test_it_knows_what_was_added_and_nothing_else(batches: list[list[int]]) -> None:
    known = Known()
    for batch in batches:
        known = known.with_(record(number) for number in batch)
    added = {number for batch in batches for number in batch}
    assert [number for number in range(61) if record(number) in known] == sorted(added)
    assert len(known) == len(added)


def test_one_at_a_time_makes_few_parts() -> None:
    known = Known()
    for number in range(1000):
        known = known.with_([record(number)])
    assert len(known) == 1000
    assert len(known.parts) <= 10
    assert all(len(one) > 2 * len(other) for one, other in zip(known.parts, known.parts[1:], strict=False))


def test_what_begins_with_no_weights_of_its_own_is_not_remembered() -> None:
    broken = JobRecord(1, (0,), "change", "graph", Protocol(1))
    assert len(Known().with_([broken])) == 0

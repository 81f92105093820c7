"""The tally of a run: sums of its journal, of which only the front and the open candidates are remembered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from valpnas.report.tally import Tally


def trained(candidate: int, **objectives: float) -> dict[str, Any]:
    seconds = {"training": 2.0, "evaluation": 1.0}
    rest = {"batches": 5, "seconds": seconds, "elapsed": 9.0 + candidate}
    return {"event": "trained", "candidate": candidate, "objectives": objectives, **rest}


def proposed(candidate: int, origin: str, *parents: int) -> dict[str, Any]:
    proposal = {"variant": "add_layer/gentle"} if origin == "change" else None
    parts = {"origin": origin, "proposal": proposal, "parents": list(parents)}
    return {"event": "proposed", "candidate": candidate, **parts}


def verdict(kind: str, candidate: int, step: int) -> dict[str, Any]:
    return {"event": kind, "candidate": candidate, "step": step}


def test_it_counts_what_the_journal_says() -> None:
    tally = Tally.of(
        [
            *(proposed(0, "start"), proposed(1, "change", 0), proposed(2, "change", 0)),
            *(trained(1, a=1.0, b=3.0), trained(0, a=2.0, b=2.0)),
            {"event": "failed", "candidate": 2, "batches": 1, "seconds": {"training": 0.5}},
            *(verdict("accepted", 0, 0), verdict("accepted", 1, 1), verdict("rejected", 2, 1), {"event": "ended"}),
        ]
    )
    assert (tally.trained, tally.failed, tally.starts, tally.accepted, tally.steps) == (2, 1, 1, 1, 1)
    assert (tally.batches, tally.spent, tally.passed, tally.ended) == (11, 4.5, 10.0, True)
    assert tally.seconds == {"training": 4.5, "evaluation": 2.0}
    assert [event["candidate"] for event in tally.chosen] == [0, 1]
    assert tally.changes == {"add_layer/gentle": {"accepted": 1, "rejected": 1}}
    assert tally.first is not None
    assert tally.first["candidate"] == 0


def test_of_equal_results_the_lowest_number_is_on_the_front_whoever_was_done_first() -> None:
    orders = ([trained(0, a=1.0), trained(1, a=1.0)], [trained(1, a=1.0), trained(0, a=1.0)])
    assert [[event["candidate"] for event in Tally.of(order).front] for order in orders] == [[0], [0]]


def test_what_it_remembers_does_not_grow_with_the_journal() -> None:
    def events() -> Iterator[dict[str, Any]]:
        for candidate in range(2000):
            yield proposed(candidate, "change", max(0, candidate - 1))
            yield trained(candidate, a=1.0 / (1 + candidate))
            yield verdict("accepted", candidate, candidate)

    tally = Tally.of(events())
    assert (tally.trained, tally.accepted) == (2000, 2000)
    assert len(tally.front) == 1
    assert all(len(kept) == 0 for kept in (tally._origins, tally._variants, tally._waiting))


def test_of_several_starts_the_first_is_what_the_search_went_on_from() -> None:
    starts = [event for number in range(3) for event in (proposed(number, "start"), trained(number, a=1.0))]
    assert Tally.of(starts).first == starts[1]
    going_on = [*starts, proposed(3, "change", 2), trained(3, a=0.5), proposed(4, "change", 3), trained(4, a=0.4)]
    assert Tally.of(going_on).first == starts[5]
    assert Tally.of(going_on).starts == 3

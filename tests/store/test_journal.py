"""The journal's events: those of a batch that was cut off before the budget was raised do not stand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from valpnas.store.journal import Journal, standing


def proposed(ask: int, candidate: int) -> dict[str, Any]:
    return {"event": "proposed", "ask": ask, "candidate": candidate}


def trained(ask: int, candidate: int) -> dict[str, Any]:
    return {"event": "trained", "ask": ask, "candidate": candidate}


BUDGET = {"event": "budget", "steps": 9}
FIRST = [proposed(0, 0), proposed(0, 1), trained(0, 0), trained(0, 1), {"event": "accepted", "candidate": 0}]


def test_whole_batches_stand() -> None:
    events = [*FIRST, BUDGET, proposed(1, 2), trained(1, 2)]
    assert standing(events) == events


def test_a_batch_that_was_cut_off_is_void_with_its_results() -> None:
    again = [proposed(1, 2), proposed(1, 3), trained(1, 2), trained(1, 3)]
    events = [*FIRST, proposed(1, 2), proposed(1, 3), trained(1, 2), BUDGET, *again]
    assert standing(events) == [*FIRST, BUDGET, *again]


def test_a_batch_that_is_cut_off_now_stands() -> None:
    """Nobody has declared it void: it will be finished."""
    events = [*FIRST, BUDGET, proposed(1, 2)]
    assert standing(events) == events


def test_what_stands_is_the_same_read_event_by_event(tmp_path: Path) -> None:
    """Batches that were incomplete when the budget was raised are void, and their numbers used again."""
    journal = Journal(tmp_path / "journal.jsonl", writable=True)
    rest: dict[str, Any] = {"parents": [], "origin": "change", "graph": "g", "protocol": {}, "proposal": None}
    for ask, candidates in ((0, [0]), (1, [1, 2]), (None, []), (1, [1])):
        if ask is None:
            journal.append({"event": "budget", "steps": 4})
        for candidate in candidates:
            journal.append({"event": "proposed", "ask": ask, "candidate": candidate, **rest})
        for candidate in candidates[:1]:
            journal.append({"event": "failed", "ask": ask, "candidate": candidate, "reason": "made up", "batches": 1})
    journal.flush()
    read = Journal(tmp_path / "journal.jsonl", writable=False)
    assert [(e["event"], e.get("candidate")) for e in read.standing()] == [
        *(("proposed", 0), ("failed", 0), ("budget", None), ("proposed", 1), ("failed", 1)),
    ]
    assert list(read.standing()) == read.events == journal.events

"""Replay: from a journal's events to the batches of jobs and results a search is told again, one at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from valpnas.contracts.job import JobRecord, Result
from valpnas.store.files import whole
from valpnas.store.journal import Event


@dataclass
class Asked:
    """The jobs of one ask, by candidate, with what the journal knows of their results; ``number`` counts the asks.

    ``together`` says which candidates a candidate is trained side by side with, itself among them.
    """

    number: int = 0
    records: dict[int, JobRecord] = field(default_factory=dict)
    together: dict[int, tuple[int, ...]] = field(default_factory=dict)
    results: dict[int, Result] = field(default_factory=dict)
    verdicts: dict[int, str] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether every job has a result."""
        return bool(self.records) and set(self.records) == set(self.results)

    def told(self) -> list[Result]:
        """Return the results in candidate order."""
        return [self.results[candidate] for candidate in sorted(self.results)]


class Replay:
    """Goes through a journal once; ``open`` then holds the asks that were not told, ``count`` is that of all asks.

    A search that waits for all its jobs has at most one ask open; one that does not has an ask per job.
    """

    def __init__(self, path: Path, events: Iterable[Event]) -> None:
        """Begin before the first of ``events``, which come from the journal at ``path``."""
        self._path, self._events = path, events
        self.open: dict[int, Asked] = {}
        self.count = 0
        self.elapsed = 0.0  # seconds that the run was at work, all its sittings together

    def __iter__(self) -> Iterator[Asked]:
        """Yield each ask that was told, in the order of telling, with the verdicts on it.

        Raises:
            StoreError: an event contradicts those before it.
        """
        with whole(self._path, "events that follow from those before them"):
            yield from self._told()

    def _told(self) -> Iterator[Asked]:
        told: Asked | None = None
        for event in self._events:
            if event["event"] in {"accepted", "rejected"}:
                if told is None:
                    raise ValueError(f"a verdict on candidate {event['candidate']}, which has no result")
                told.verdicts[event["candidate"]] = event["event"]
                continue
            if event["event"] == "budget":  # a verdict that a kill kept from the journal may come after it
                self._void()
                continue
            if told is not None:
                yield told
            told = self._take(event)
        if told is not None:
            yield told

    def _take(self, event: Event) -> Asked | None:
        """Take in a proposal or a result; return the ask that is complete with it."""
        if event["event"] == "proposed":
            asked, candidate = self._ask(event["ask"]), event["candidate"]
            asked.records[candidate] = JobRecord.from_json(event)
            asked.together[candidate] = tuple(event.get("together", (candidate,)))
        elif event["event"] in {"trained", "failed"}:
            asked = self.open[event["ask"]]
            asked.results[event["candidate"]] = result = _result(asked, event)
            self.elapsed = max(self.elapsed, result.elapsed)
            return self.open.pop(event["ask"]) if asked.complete else None
        return None

    def _ask(self, number: int) -> Asked:
        if number == self.count:
            self.open[number] = Asked(number)
            self.count += 1
        return self.open[number]

    def _void(self) -> None:
        """Forget jobs without a result, and use the last numbers again."""
        while self.open.pop(self.count - 1, None):
            self.count -= 1
        self.open.clear()


def _result(asked: Asked, event: Event) -> Result:
    record = asked.records[event["candidate"]]
    spent = {key: event[key] for key in ("batches", "cost", "seconds")}
    spent["elapsed"] = event.get("elapsed", 0.0)  # journals of earlier versions do not say
    if event["event"] == "failed":
        return Result(record, reason=event["reason"], **spent)
    chosen = {"curve": tuple(event.get("curve", ())), "kept": event.get("kept", 0)}
    return Result(record, **{key: event[key] for key in ("objectives", "reported", "parameters")}, **spent, **chosen)

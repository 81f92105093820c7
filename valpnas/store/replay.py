"""Replay: from a journal's events to the batches of jobs and results a search is told again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from valpnas.contracts.job import JobRecord, Result
from valpnas.store.journal import Event


@dataclass
class Asked:
    """The jobs of one ``ask`` and what the journal knows of their results, by candidate.

    ``together`` says which candidates a candidate is trained side by side with, itself among them.
    """

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


def replay(events: Sequence[Event]) -> list[Asked]:
    """Group ``events`` by ask. Jobs without a result are void once the budget was raised after them."""
    asked: list[Asked] = []
    for event in events:
        if event["event"] == "proposed":
            if event["ask"] == len(asked):
                asked.append(Asked())
            candidate = event["candidate"]
            asked[event["ask"]].records[candidate] = JobRecord.from_json(event)
            asked[event["ask"]].together[candidate] = tuple(event.get("together", (candidate,)))
        elif event["event"] in {"trained", "failed"}:
            asked[event["ask"]].results[event["candidate"]] = _result(asked[event["ask"]], event)
        elif event["event"] == "budget":
            if asked and not asked[-1].complete:
                asked.pop()
        elif event["event"] in {"accepted", "rejected"}:
            asked[-1].verdicts[event["candidate"]] = event["event"]
    return asked


def _result(asked: Asked, event: Event) -> Result:
    record = asked.records[event["candidate"]]
    spent = {key: event[key] for key in ("batches", "cost", "seconds")}
    if event["event"] == "failed":
        return Result(record, reason=event["reason"], **spent)
    curve = tuple(event.get("curve", ()))
    return Result(record, **{key: event[key] for key in ("objectives", "reported", "parameters")}, **spent, curve=curve)

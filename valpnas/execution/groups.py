"""What executors say of a whole group: what is left of it when its worker is lost, and how long it may take."""

from __future__ import annotations

from collections.abc import Sequence

from valpnas.contracts.executor import Answer, Answers, Group
from valpnas.contracts.job import JobRecord, Result


def records_of(group: Group) -> tuple[JobRecord, ...]:
    """Return the records of a group's jobs, in their order."""
    return tuple(job.record for job in group)


def failed(records: Sequence[JobRecord], reason: str) -> Answers:
    """Return that every job of a group has failed for one reason."""
    return [Answer(Result(record, reason=reason)) for record in records]


def seconds_for(records: Sequence[JobRecord], grace: float) -> float:
    """Return within how many seconds a group must be answered: ``grace`` after its limits; for ever without one."""
    limits = [record.protocol.time_limit for record in records]
    return sum(limits) + grace if all(limits) else float("inf")

"""What a Ray actor does: one group of jobs after the other, with data that it got when it began."""

from __future__ import annotations

from valpnas.contracts.executor import Answers, Group, Work
from valpnas.execution.parcels import pack_answers, unpack_jobs


class RayWorker:
    """An actor's state: what does the work."""

    def __init__(self, work: Work) -> None:
        """Keep what came out of the object store."""
        self._work = work

    def ready(self) -> None:
        """Say that it has begun."""

    def do(self, group: Group) -> Answers:
        """Do a packed group and return its packed answers."""
        return pack_answers(self._work(unpack_jobs(group)))

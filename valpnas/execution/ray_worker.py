"""What a Ray actor does: one job after the other, with data that it got when it began."""

from __future__ import annotations

from valpnas.contracts.executor import Answer, Work
from valpnas.contracts.job import Job
from valpnas.execution.parcels import pack_answer, unpack_job


class RayWorker:
    """An actor's state: what does the work."""

    def __init__(self, work: Work) -> None:
        """Keep what came out of the object store."""
        self._work = work

    def ready(self) -> None:
        """Say that it has begun."""

    def do(self, job: Job) -> Answer:
        """Do a packed job and return its packed answer."""
        return pack_answer(self._work(unpack_job(job)))

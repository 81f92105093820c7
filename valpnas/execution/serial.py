"""Serial execution: one job after the other, in this process."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import ClassVar

from valpnas.contracts.executor import Answer, Executor, Work
from valpnas.contracts.job import Job
from valpnas.execution.parcels import pack_job, unpack_job


class Serial(Executor):
    """Runs jobs in order. A time limit is kept by the training itself: there is nobody else to look at the clock."""

    name: ClassVar[str] = "serial"
    room = 1

    def __init__(self, work: Work) -> None:
        """Run jobs by ``work``."""
        self._work = work
        self._waiting: deque[Job] = deque()

    def submit(self, job: Job) -> None:
        """Queue a job."""
        self._waiting.append(job)

    def results(self) -> Iterator[Answer]:
        """Do a job whenever an answer is wanted."""
        while self._waiting:
            # As a worker process would get it: in the same memory layout, on which the last bits depend.
            yield self._work(unpack_job(pack_job(self._waiting.popleft())))

    def cancel(self) -> None:
        """Forget what waits."""
        self._waiting.clear()

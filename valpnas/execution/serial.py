"""Serial execution: one group of jobs after the other, in this process."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import ClassVar

from valpnas.contracts.executor import Answers, Executor, Group, Work
from valpnas.execution.parcels import pack_jobs, unpack_jobs


class Serial(Executor):
    """Runs groups in order. A time limit is kept by the training itself: there is nobody else to look at the clock."""

    name: ClassVar[str] = "serial"
    in_this_process: ClassVar[bool] = True
    one_worker: ClassVar[bool] = True
    has_streams: ClassVar[bool] = True
    room = 1

    def __init__(self, work: Work) -> None:
        """Run groups by ``work``."""
        self._work = work
        self._waiting: deque[Group] = deque()

    def submit(self, group: Group) -> None:
        """Queue a group."""
        self._waiting.append(group)

    def results(self) -> Iterator[Answers]:
        """Do a group whenever answers are wanted."""
        while self._waiting:
            # As a worker process would get it: in the same memory layout, on which the last bits depend.
            yield self._work(unpack_jobs(pack_jobs(self._waiting.popleft())))

    def cancel(self) -> None:
        """Forget what waits."""
        self._waiting.clear()

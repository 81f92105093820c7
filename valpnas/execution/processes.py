"""Worker processes: each has one thread and does one job at a time; the data are read once by each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from valpnas.contracts.executor import Answer, Executor, MakeWork, Work
from valpnas.contracts.job import Job, JobRecord, Result
from valpnas.execution.parcels import pack_answer, pack_job, unpack_answer, unpack_job
from valpnas.execution.pool import Order, Pool


class Processes(Executor):
    """Runs jobs in ``count`` processes. A job whose process is lost or answers too late fails; others take its place.

    It would be lost again: what ends a process is as a rule the memory its candidate needs.
    """

    name: ClassVar[str] = "processes"

    def __init__(self, make: MakeWork, count: int, grace: float = Executor.GRACE) -> None:
        """Start nothing yet; ``grace`` is how many seconds after its time limit a job is given up."""
        self._pool: Pool[JobRecord] = Pool(_Parcelled(make), count)
        self._grace = grace

    @property
    def room(self) -> int:
        """One job per process."""
        return self._pool.count

    @property
    def pids(self) -> list[int]:
        """The process ids of the workers."""
        return self._pool.pids

    def submit(self, job: Job) -> None:
        """Give the job to a free process, or queue it."""
        limit = job.record.protocol.time_limit
        self._pool.submit(Order(job.record, pack_job(job), limit + self._grace if limit else float("inf")))

    def results(self) -> Iterator[Answer]:
        """Yield answers as they come."""
        for done in self._pool.results():
            yield Answer(Result(done.key, reason=done.lost)) if done.lost else unpack_answer(done.answer)

    def cancel(self) -> None:
        """Forget what waits, and end the processes that are at a job."""
        self._pool.cancel()

    def close(self) -> None:
        """End the processes."""
        self._pool.close()


@dataclass(frozen=True)
class _Parcelled:
    """Makes in a child what takes and gives parcels."""

    make: MakeWork

    def __call__(self) -> _Performer:
        return _Performer(self.make())


@dataclass(frozen=True)
class _Performer:
    work: Work

    def __call__(self, parcel: Job) -> Answer:
        return pack_answer(self.work(unpack_job(parcel)))

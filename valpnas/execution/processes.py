"""Worker processes: each has one thread and does one group of jobs at a time; the data are read once by each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from valpnas.contracts.executor import Answers, Executor, Group, MakeWork, Work
from valpnas.contracts.job import JobRecord
from valpnas.execution.groups import failed, records_of, seconds_for
from valpnas.execution.parcels import pack_answers, pack_jobs, unpack_answers, unpack_jobs
from valpnas.execution.pool import Order, Pool


class Processes(Executor):
    """Runs groups in processes. One whose process is lost or answers too late fails; others take its place.

    It would be lost again: what ends a process is as a rule the memory its candidates need.
    """

    name: ClassVar[str] = "processes"
    shares_rows: ClassVar[bool] = True

    def __init__(self, makes: Sequence[MakeWork], grace: float = Executor.GRACE) -> None:
        """Start nothing yet; each process has what one of ``makes`` makes, for each may have a GPU of its own.

        ``grace`` is how many seconds after its time limit a group is given up.
        """
        self._pool: Pool[tuple[JobRecord, ...]] = Pool([_Parcelled(make) for make in makes])
        self._grace = grace

    @property
    def room(self) -> int:
        """One group per process."""
        return self._pool.count

    @property
    def pids(self) -> list[int]:
        """The process ids of the workers."""
        return self._pool.pids

    def submit(self, group: Group) -> None:
        """Give the group to a free process, or queue it."""
        records = records_of(group)
        self._pool.submit(Order(records, pack_jobs(group), seconds_for(records, self._grace)))

    def results(self) -> Iterator[Answers]:
        """Yield answers as they come."""
        for done in self._pool.results():
            yield failed(done.key, done.lost) if done.lost else unpack_answers(done.answer)

    def cancel(self) -> None:
        """Forget what waits, and end the processes that are at a group."""
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

    def __call__(self, parcel: Group) -> Answers:
        return pack_answers(self.work(unpack_jobs(parcel)))

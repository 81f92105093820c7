"""Shared execution: jobs lie in the run directory, and whoever works on the run takes one after the other.

There is no server. A process claims a job by a lock that ends with the process, however that ends, so that another one
takes over.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import ClassVar

from valpnas.contracts.executor import Answer, Executor, Work
from valpnas.contracts.job import Job, JobRecord, Result
from valpnas.store.jobs import JobFolder

_TRIES = 3  # workers that a job may cost: one that ends every process it meets is a failure
PAUSE = 0.05  # seconds between looks at the folder, which tells nobody of news


class Shared(Executor):
    """Offers jobs to every process that works on the run, and does one itself whenever it has nothing else to do.

    A job whose worker is lost is done by another one; after three of them it has failed. What is given up stays in the
    folder: the others finish it, and whoever resumes the run finds the answers.
    """

    name: ClassVar[str] = "shared"

    def __init__(self, folder: JobFolder, work: Work, room: int) -> None:
        """Share the jobs of ``folder``; ``room`` is how many are out at a time where the search need not wait."""
        self._folder, self._work, self._room = folder, work, room
        self._out: dict[int, JobRecord] = {}

    @property
    def room(self) -> int:
        """How many jobs are out at a time."""
        return self._room

    def submit(self, job: Job) -> None:
        """Lay a job into the folder."""
        self._folder.save(job)
        self._out[job.record.candidate] = job.record

    def results(self) -> Iterator[Answer]:
        """Yield what was done; while there is nothing, do a job."""
        while self._out:
            answers = (self._folder.answer(record) for record in self._out.values())
            if answer := next((answer for answer in answers if answer), None):
                del self._out[answer.result.candidate]
                yield answer
            elif not do_one(self._folder, self._work):
                time.sleep(PAUSE)

    def cancel(self) -> None:
        """Ask for no answer any more."""
        self._out.clear()


def do_one(folder: JobFolder, work: Work) -> bool:
    """Do the first job that nobody is at, and write what came of it; return whether there was one."""
    for candidate in folder.waiting():
        with folder.claim(candidate) as mine:
            if mine:
                job = folder.load(candidate)
                lost = folder.tries(candidate) >= _TRIES
                folder.write_answer(_failed(job) if lost else work(job))
                return True
    return False


def _failed(job: Job) -> Answer:
    return Answer(Result(job.record, reason=f"lost with its worker: so ended {_TRIES} processes that were at it"))

"""Shared execution: groups of jobs lie in the run directory, and whoever works on the run takes one after the other.

There is no server. A process claims a group by a lock that ends with the process, however that ends, so that another
one takes over.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import ClassVar

from valpnas.contracts.executor import Answers, Executor, Group, Work
from valpnas.contracts.job import JobRecord
from valpnas.execution.groups import failed, records_of
from valpnas.store.jobs import JobFolder

_TRIES = 3  # workers that a group may cost: one that ends every process it meets is a failure
_LOST = f"lost with its worker: so ended {_TRIES} processes that were at it"
PAUSE = 0.05  # seconds between looks at the folder, which tells nobody of news


class Shared(Executor):
    """Offers groups to every process that works on the run, and does one itself whenever it has nothing else to do.

    One whose worker is lost is done by another process; after three of them it has failed. What is given up stays in
    the folder: the others finish it, and whoever resumes the run finds the answers.
    """

    name: ClassVar[str] = "shared"

    def __init__(self, folder: JobFolder, work: Work, room: int) -> None:
        """Share the groups of ``folder``; ``room`` is how many are out at a time where the search need not wait."""
        self._folder, self._work, self._room = folder, work, room
        self._out: dict[int, tuple[JobRecord, ...]] = {}

    @property
    def room(self) -> int:
        """How many groups are out at a time."""
        return self._room

    def submit(self, group: Group) -> None:
        """Lay a group into the folder."""
        self._folder.save(group)
        self._out[group[0].record.candidate] = records_of(group)

    def results(self) -> Iterator[Answers]:
        """Yield what was done; while there is nothing, do a group."""
        while self._out:
            there = (self._folder.answers(records) for records in self._out.values())
            if answers := next((answers for answers in there if answers), None):
                del self._out[answers[0].result.candidate]
                yield answers
            elif not do_one(self._folder, self._work):
                time.sleep(PAUSE)

    def cancel(self) -> None:
        """Ask for no answer any more."""
        self._out.clear()


def do_one(folder: JobFolder, work: Work) -> bool:
    """Do the first group that nobody is at, and write what came of it; return whether there was one."""
    for first in folder.waiting():
        with folder.claim(first) as mine:
            if mine:
                group = folder.load(first)
                lost = folder.tries(first) >= _TRIES
                folder.write_answers(failed(records_of(group), _LOST) if lost else work(group))
                return True
    return False

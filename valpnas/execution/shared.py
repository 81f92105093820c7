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
from valpnas.execution.groups import failed, records_of, seconds_for
from valpnas.store.jobs import JobFolder

_TRIES = 3  # workers that a group may cost: one that ends every process it meets is a failure
_LOST = f"lost with its worker: so ended {_TRIES} processes that were at it"
PAUSE = 0.05  # seconds between looks at the folder, which tells nobody of news


class Shared(Executor):
    """Offers groups to every process that works on the run, and does one itself whenever it has nothing else to do.

    One whose worker is lost is done by another process; after three of them it has failed. One whose worker hangs has
    failed when its time is over; what the worker may still say of it is not heard. What is given up stays in the
    folder: the others finish it, and whoever resumes the run finds the answers.
    """

    name: ClassVar[str] = "shared"
    in_this_process: ClassVar[bool] = True

    def __init__(self, folder: JobFolder, work: Work, room: int, grace: float = Executor.GRACE) -> None:
        """Share the groups of ``folder``; ``room`` is how many are out at a time where the search need not wait.

        ``grace`` is how many seconds after its time limit a group is given up.
        """
        self._folder, self._work, self._room, self._grace = folder, work, room, grace
        self._out: dict[str, tuple[JobRecord, ...]] = {}
        self._tries: dict[str, tuple[tuple[int, int], float]] = {}  # the try that a group is at, and since when

    @property
    def room(self) -> int:
        """How many groups are out at a time."""
        return self._room

    def submit(self, group: Group) -> None:
        """Lay a group into the folder."""
        self._out[self._folder.save(group)] = records_of(group)

    def results(self) -> Iterator[Answers]:
        """Yield what was done; while there is nothing, do a group."""
        while self._out:
            if answers := self._done() or self._given_up():
                yield answers
            elif not do_one(self._folder, self._work):
                time.sleep(PAUSE)

    def cancel(self) -> None:
        """Ask for no answer any more."""
        self._out.clear()

    def _done(self) -> Answers | None:
        for name, records in self._out.items():
            if answers := self._folder.answers(name, records):
                del self._out[name]
                return answers
        return None

    def _given_up(self) -> Answers | None:
        """Fail a group that its worker holds too long: a process that is stopped keeps its claim."""
        for name, records in self._out.items():
            seconds = seconds_for(records, self._grace)
            if seconds < float("inf") and self._held(name) > seconds:
                self._folder.withdraw(name)
                del self._out[name]
                return failed(
                    records, f"timed out: no answer within {seconds:g} s, and its worker is waited for no more"
                )
        return None

    def _held(self, name: str) -> float:
        """Return for how long another process has been seen at a group; clocks of two machines are not compared."""
        now, trying = time.monotonic(), self._folder.trying(name)
        if trying is None:
            self._tries.pop(name, None)
            return 0.0
        known, since = self._tries.get(name, (None, now))
        self._tries[name] = trying, since if known == trying else now
        return now - self._tries[name][1]


def do_one(folder: JobFolder, work: Work) -> bool:
    """Do the first group that nobody is at, and write what came of it; return whether there was one."""
    for name in folder.waiting():
        with folder.claim(name) as mine:
            group = folder.load(name) if mine else None
            if group is not None:
                _do(folder, name, group, work)
                return True
    return False


def _do(folder: JobFolder, name: str, group: Group, work: Work) -> None:
    """Do a claimed group. Only processes that vanish count as lost, not one that is interrupted or reports a fault."""
    lost = folder.begin(name) >= _TRIES
    try:
        folder.write_answers(name, failed(records_of(group), _LOST) if lost else work(group))
    except BaseException:
        folder.stop(name)
        raise

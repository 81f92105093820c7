"""Sharing: any number of processes work on one run directory, without a server; one of them is in charge."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from valpnas.contracts.executor import Answers, Group, Work
from valpnas.errors import ExecutionError
from valpnas.execution.shared import PAUSE, Shared, do_one
from valpnas.opened_run import Run
from valpnas.resuming import resume
from valpnas.searching import Say, warn
from valpnas.store.jobs import JobFolder
from valpnas.store.lock import LockedError, is_locked, said_in
from valpnas.working import WorkerAt

_IDLE = 10  # looks at the folder without work before it is said: between two candidates there may be an instant


def work(path: Path, say: Say, quiet: bool | None = None, complain: Say = warn) -> Run:
    """Work on the run at ``path`` until it has ended, and return it; ``complain`` is that of ``run.start``.

    While another process is in charge, its jobs are done here; when nobody is, since it ended or was killed, this one
    takes charge.

    Raises:
        ExecutionError: another process is in charge, and shares no work.
        ValpnasError: there is no run, or it or its data cannot be used.
    """
    Run(path)
    helper = _Helper(path, say)
    while True:
        helper.help()
        if (run := Run(path)).ended:  # as who was in charge left it; nothing is to be read or written
            return run
        try:
            return resume(path, say, quiet=quiet, complain=complain, executor="shared")
        except LockedError:  # another one was quicker
            continue


@dataclass
class _Helper:
    """Does jobs of a run while another process is in charge; its data are read once, when there is the first job."""

    path: Path
    say: Say

    def help(self) -> None:
        """Do jobs until nobody is in charge; say of each what it is, and when there is none."""
        folder, idle = JobFolder(self.path / "jobs"), 0
        while is_locked(self.path / "lock"):
            check_shared(self.path)
            if folder.waiting() and do_one(folder, self._work):
                idle = 0
                continue
            idle += 1
            if idle == _IDLE:
                self.say(f"{self.path}: waiting for work; another process is in charge")
            time.sleep(PAUSE)

    @cached_property
    def _work(self) -> Work:
        worker = WorkerAt(self.path)()

        def work(group: Group) -> Answers:
            numbers = ", ".join(str(job.record.candidate) for job in group)
            self.say(f"{self.path}: training candidate{'s' if len(group) > 1 else ''} {numbers}")
            return worker(group)

        return work


def check_shared(path: Path) -> None:
    """Raise ``ExecutionError`` when the process in charge of the run at ``path`` has said that it shares no work."""
    executor = said_in(path / "lock")
    if executor not in {"", Shared.name}:
        raise ExecutionError(
            f"{path}: expected a run that shares its work, got one at work with the executor {executor!r}; stop it, "
            f"then `valpnas work {path}` goes on with it as often as you like"
        )

"""Sharing: any number of processes work on one run directory, without a server; one of them is in charge."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from valpnas.execution.shared import PAUSE, do_one
from valpnas.opened_run import Run
from valpnas.run import Say, resume, warn
from valpnas.store.jobs import JobFolder
from valpnas.store.lock import LockedError, is_locked
from valpnas.working import Worker, WorkerAt


def work(path: Path, say: Say, quiet: bool | None = None, complain: Say = warn) -> Run:
    """Work on the run at ``path`` until it has ended, and return it; ``complain`` is that of ``run.start``.

    While another process is in charge, its jobs are done here; when nobody is, since it ended or was killed, this one
    takes charge.

    Raises:
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
        """Do jobs until nobody is in charge."""
        folder = JobFolder(self.path / "jobs")
        if is_locked(self.path / "lock") and not folder.waiting():
            self._say_that_it_waits()
        while is_locked(self.path / "lock"):
            if not (folder.waiting() and do_one(folder, self._worker)):
                time.sleep(PAUSE)

    @cached_property
    def _worker(self) -> Worker:
        return WorkerAt(self.path)()

    def _say_that_it_waits(self) -> None:
        path = self.path
        self.say(f"{path}: another process is in charge; there is work here once it offers some (--executor shared)")

"""Sharing: any number of processes work on one run directory, without a server; one of them is in charge."""

from __future__ import annotations

import time
from pathlib import Path

from valpnas.execution.shared import PAUSE, do_one
from valpnas.opened_run import Run
from valpnas.run import Say, resume, warn
from valpnas.store.jobs import JobFolder
from valpnas.store.lock import LockedError, is_locked
from valpnas.working import WorkerAt


def work(path: Path, say: Say, quiet: bool | None = None, complain: Say = warn) -> Run:
    """Work on the run at ``path`` until it has ended, and return it; ``complain`` is that of ``run.start``.

    While another process is in charge, its jobs are done here; when nobody is, since it ended or was killed, this one
    takes charge.

    Raises:
        ValpnasError: there is no run, or it or its data cannot be used.
    """
    Run(path)
    while True:
        _help(path, say)
        try:
            return resume(path, say, quiet=quiet, complain=complain, executor="shared")
        except LockedError:  # another one was quicker
            continue


def _help(path: Path, say: Say) -> None:
    """Do jobs while another process is in charge."""
    folder, worker = JobFolder(path / "jobs"), None
    if is_locked(path / "lock") and not folder.path.exists():
        say(f"{path}: another process is in charge; there is work here once it offers some (--executor shared)")
    while is_locked(path / "lock"):
        worker = worker or WorkerAt(path)()
        if not do_one(folder, worker):
            time.sleep(PAUSE)

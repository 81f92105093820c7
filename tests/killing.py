"""Ends a child process and waits for all of it."""

from __future__ import annotations

import os
import signal


def kill_whole(pid: int) -> None:
    """Kill a child of this process and wait until no thread of it is left; its parent's ``Popen`` can still reap it.

    Its first thread may be a zombie while another still holds a connection open.
    """
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)

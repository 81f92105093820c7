"""Child: a worker process that answers orders one after the other, and ends when its parent is gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import Pipe
from typing import Any

Perform = Callable[[Any], Any]
Make = Callable[[], Perform]  # called in the child; can be pickled, so what it is must be importable by name

_PATIENCE = 10.0  # seconds until a child that does not end by itself is killed
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")


class Child:
    """A Python process of its own with one thread. What it prints goes to standard error.

    ``connection`` has something to read when there is an answer, and when the child is gone.
    """

    def __init__(self, make: Make) -> None:
        """Start the process, which makes what performs its orders; the first answer is None, or why it could not."""
        self.connection, other = Pipe()
        path = os.pathsep.join(os.path.abspath(entry) for entry in sys.path)  # the same modules, wherever it starts
        environment: dict[str, Any] = {**os.environ, **_ONE_THREAD, "PYTHONPATH": path}
        with other:
            # A session of its own: Ctrl-C is for the parent, which ends its children, whatever they are at.
            self.process = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-P", "-m", "valpnas.execution.child_main", str(other.fileno())],
                env=environment, start_new_session=True, pass_fds=[other.fileno()], stdin=subprocess.DEVNULL, stdout=2,
            )  # fmt: skip
        with suppress(OSError):  # it is gone already: whoever listens finds out
            self.connection.send(make)

    def send(self, order: Any) -> None:
        """Give an order; that the child is gone shows when its answer is wanted."""
        with suppress(OSError):
            self.connection.send(order)

    def receive(self) -> Any:
        """Wait for the answer to the oldest order.

        Raises:
            EOFError: the child is gone; ``how_it_ended`` says how.
        """
        try:
            return self.connection.recv()
        except OSError as error:
            raise EOFError from error

    def how_it_ended(self) -> str:
        """Wait for the end of the process and say how it came."""
        code = self.process.wait()
        if code >= 0:
            return f"its process ended with code {code}"
        hint = "; out of memory?" if code == -signal.SIGKILL else ""
        return f"its process was ended by {signal.Signals(-code).name}{hint}"

    def end(self, at_once: bool = False) -> None:
        """End the process in the middle of whatever it does, by closing its orders or ``at_once`` by a signal."""
        if at_once:
            self.process.kill()
        self.connection.close()
        try:
            self.process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

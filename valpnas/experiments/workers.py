"""Worker processes: each does one run at a time with one thread; what they have done is on disk whatever happens."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import asdict, dataclass
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any

from valpnas.experiments.plan import Task

_PATIENCE = 10.0  # seconds until a worker that does not end is killed
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")


@dataclass(frozen=True)
class Outcome:
    """What came of a task; ``state`` as ``worker.perform`` says it."""

    task: Task
    state: str
    reason: str = ""


class Workers:
    """Up to ``count`` worker processes, started when they are needed; a context manager, which ends them."""

    def __init__(self, count: int) -> None:
        """Start nothing yet."""
        self._threads = ThreadPoolExecutor(count)  # each waits for one process
        self._idle: SimpleQueue[subprocess.Popen[str]] = SimpleQueue()
        self._all: list[subprocess.Popen[str]] = []

    def __enter__(self) -> Workers:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End every worker, in the middle of a run if need be."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for process in self._all:
            _end(process)
        self._threads.shutdown()
        for process in self._all:
            _close(process)

    def run(self, tasks: Sequence[Task]) -> Iterator[Outcome]:
        """Do ``tasks``, begun in their order, and yield what came of each as it ends."""
        waiting = [self._threads.submit(self._perform, task) for task in tasks]
        for done in as_completed(waiting):
            yield done.result()

    def _perform(self, task: Task) -> Outcome:
        process = self._take()
        order = json.dumps({"folder": str(task.folder), "config": asdict(task.config)})
        try:
            print(order, file=process.stdin, flush=True)
            line = process.stdout.readline() if process.stdout else ""
        except OSError:  # it is gone
            line = ""
        if not line:
            code = process.wait()
            return Outcome(task, "broke", f"the worker process ended with code {code}; out of memory?")
        self._idle.put(process)
        return Outcome(task, **json.loads(line))

    def _take(self) -> subprocess.Popen[str]:
        try:
            return self._idle.get_nowait()
        except Empty:
            process = _start()
            self._all.append(process)
            return process


def _start() -> subprocess.Popen[str]:
    """Start a worker that finds the same modules as this process does, and not those of the folder it starts in."""
    path = os.pathsep.join(os.path.abspath(entry) for entry in sys.path)
    environment: dict[str, Any] = {**os.environ, **_ONE_THREAD, "PYTHONPATH": path}
    command = [sys.executable, "-P", "-m", "valpnas.experiments.worker"]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "encoding": "utf-8"}
    # A session of its own: Ctrl-C is for the parent, which ends its workers, whatever they are at.
    return subprocess.Popen(command, env=environment, start_new_session=True, **pipes)  # noqa: S603 - our own module


def _end(process: subprocess.Popen[str]) -> None:
    if process.stdin:
        with suppress(OSError):  # an order it did not live to read
            process.stdin.close()
    try:
        process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _close(process: subprocess.Popen[str]) -> None:
    if process.stdout:
        process.stdout.close()

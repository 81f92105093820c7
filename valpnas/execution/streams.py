"""Execution on streams: several groups of jobs at a time on one GPU, a thread and a CUDA stream for each.

A small network leaves most of a GPU idle, and its kernels last no longer than launching them; streams overlap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager
from typing import ClassVar

import torch

from valpnas.contracts.executor import Answers, Executor, Group, Work
from valpnas.execution.parcels import pack_jobs, unpack_jobs

Stream = Callable[[], AbstractContextManager[object]]


class Streams(Executor):
    """Runs up to ``count`` groups at a time, each within what ``stream`` returns.

    A time limit is kept by the training itself: a thread cannot be ended.
    """

    name: ClassVar[str] = "streams"

    def __init__(self, work: Work, count: int, stream: Stream) -> None:
        """Start nothing yet."""
        self._work, self._count, self._stream = work, count, stream
        self._threads = ThreadPoolExecutor(count)
        self._out: list[Future[Answers]] = []

    @property
    def room(self) -> int:
        """One group per stream."""
        return self._count

    def submit(self, group: Group) -> None:
        """Give the group to a free thread, or queue it."""
        self._out.append(self._threads.submit(self._train, group))

    def results(self) -> Iterator[Answers]:
        """Yield the answers to each group as it ends; raises what its work raises."""
        while self._out:
            over, _ = wait(self._out, return_when=FIRST_COMPLETED)
            first = next(future for future in self._out if future in over)
            self._out.remove(first)
            yield first.result()

    def cancel(self) -> None:
        """Forget what waits; what has begun ends unheard."""
        for future in self._out:
            future.cancel()
        self._out.clear()

    def close(self) -> None:
        """Cancel, and wait for the threads."""
        self.cancel()
        self._threads.shutdown()

    def _train(self, group: Group) -> Answers:
        with self._stream():
            return self._work(unpack_jobs(pack_jobs(group)))


def cuda_stream(device: torch.device) -> Stream:
    """Return what makes a stream on ``device`` that begins when all work handed over so far is done."""
    ready = torch.cuda.current_stream(device)

    def stream() -> AbstractContextManager[object]:
        made = torch.cuda.Stream(device)
        made.wait_stream(ready)
        context: AbstractContextManager[object] = torch.cuda.stream(made)
        return context

    return stream

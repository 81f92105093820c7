"""Execution on streams: several groups of jobs at a time on one GPU, a thread and a CUDA stream for each.

A small network leaves most of a GPU idle, and its kernels last no longer than launching them; streams overlap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import AbstractContextManager
from typing import ClassVar

import torch

from valpnas.contracts.executor import Executor, Group, Trainer
from valpnas.contracts.job import Result

Stream = Callable[[], AbstractContextManager[object]]


class Streams(Executor):
    """Runs up to ``count`` groups at a time, each within what ``stream`` returns."""

    name: ClassVar[str] = "streams"

    def __init__(self, count: int, stream: Stream) -> None:
        """Start nothing yet."""
        self._count, self._stream = count, stream

    def run(self, groups: Sequence[Group], trainer: Trainer) -> Iterator[Result]:
        """Train the groups, begun in their order, and yield the results of each as it ends."""

        def train(group: Group) -> Sequence[Result]:
            with self._stream():
                return trainer(group)

        with ThreadPoolExecutor(self._count) as threads:
            waiting = [threads.submit(train, group) for group in groups]
            try:
                for done in as_completed(waiting):
                    yield from done.result()
            finally:  # whoever asked has had enough: what has not begun is left
                for each in waiting:
                    each.cancel()


def cuda_stream(device: torch.device) -> Stream:
    """Return what makes a stream on ``device`` that begins when all work handed over so far is done."""
    ready = torch.cuda.current_stream(device)

    def stream() -> AbstractContextManager[object]:
        made = torch.cuda.Stream(device)
        made.wait_stream(ready)
        context: AbstractContextManager[object] = torch.cuda.stream(made)
        return context

    return stream

"""BatchClock: the seconds that training batches take, and nothing else (facts B10)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch


@dataclass
class BatchClock:
    """Adds up the seconds of training batches, each from its forward pass to its step.

    On a CPU, where one thread trains, they are seconds of processor time of that thread: other work on the machine is
    not counted. On a GPU the time is that between two events on its stream, waited for when ``seconds`` are asked for:
    a batch is handed over long before it is done, and to wait for each would slow training down.
    """

    _counted: float = 0.0
    _unread: list[tuple[torch.cuda.Event, torch.cuda.Event]] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """Seconds of all batches so far."""
        for before, after in self._unread:
            after.synchronize()
            self._counted += before.elapsed_time(after) / 1000
        self._unread.clear()
        return self._counted

    def add(self, seconds: float) -> None:
        """Count seconds that another clock has counted."""
        self._counted += seconds

    @contextmanager
    def running(self, device: torch.device) -> Iterator[None]:
        """Count what happens inside, one batch or several; on a GPU, nothing when it raises."""
        if device.type != "cuda":
            started = time.thread_time()
            try:
                yield
            finally:
                self._counted += time.thread_time() - started
            return
        before, after = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        before.record(torch.cuda.current_stream(device))
        yield
        after.record(torch.cuda.current_stream(device))
        self._unread.append((before, after))

"""BatchClock: the seconds that training batches take, and nothing else (facts B10)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch


@dataclass
class BatchClock:
    """Adds up the seconds of training phases, from before the first batch of each to after its last.

    On a GPU the time is that between two events on its stream, waited for once at the end: a batch is handed over long
    before it is done, and to wait for each would slow training down.
    """

    seconds: float = 0.0

    @contextmanager
    def running(self, device: torch.device) -> Iterator[None]:
        """Count what happens inside; on a GPU, nothing when it raises."""
        if device.type != "cuda":
            started = time.perf_counter()
            try:
                yield
            finally:
                self.seconds += time.perf_counter() - started
            return
        before, after = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        before.record(torch.cuda.current_stream(device))
        yield
        after.record(torch.cuda.current_stream(device))
        after.synchronize()
        self.seconds += before.elapsed_time(after) / 1000

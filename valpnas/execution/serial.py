"""Serial execution: one job after the other, in this process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from valpnas.contracts.executor import Executor, Trainer
from valpnas.contracts.job import Job, Result


class Serial(Executor):
    """Runs jobs in order."""

    name: ClassVar[str] = "serial"

    def run(self, jobs: Sequence[Job], trainer: Trainer) -> Iterator[Result]:
        """Train the jobs in order."""
        return (trainer(job) for job in jobs)

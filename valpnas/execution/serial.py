"""Serial execution: one group of jobs after the other, in this process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from valpnas.contracts.executor import Executor, Group, Trainer
from valpnas.contracts.job import Result


class Serial(Executor):
    """Runs groups in order."""

    name: ClassVar[str] = "serial"

    def run(self, groups: Sequence[Group], trainer: Trainer) -> Iterator[Result]:
        """Train the groups in order."""
        return (result for group in groups for result in trainer(group))

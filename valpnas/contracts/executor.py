"""Executor: runs jobs somewhere and hands back each result as soon as it is there."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar

from valpnas.contracts.job import Job, Result

Group = Sequence[Job]  # jobs that are trained side by side; mostly one
# Trains and evaluates the jobs of a group, in their order; raises nothing for a job that merely fails.
Trainer = Callable[[Group], Sequence[Result]]


class Executor(ABC):
    """Where jobs are run. A result is recorded as it comes, so a kill loses no finished group of a batch."""

    name: ClassVar[str]

    @abstractmethod
    def run(self, groups: Sequence[Group], trainer: Trainer) -> Iterable[Result]:
        """Train every group and yield the results in any order; a lost worker's jobs come back as failed."""

"""Executor: runs jobs somewhere and hands back each result as soon as it is there."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar

from valpnas.contracts.job import Job, Result

Trainer = Callable[[Job], Result]  # trains and evaluates one job; raises nothing for a job that merely fails


class Executor(ABC):
    """Where jobs are run. A result is recorded as it comes, so a kill loses no finished job of a batch."""

    name: ClassVar[str]

    @abstractmethod
    def run(self, jobs: Sequence[Job], trainer: Trainer) -> Iterable[Result]:
        """Train every job and yield the results in any order; a lost worker's job comes back as failed."""

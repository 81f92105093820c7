"""Executor: runs jobs somewhere and returns their results in candidate order."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import ClassVar

from valpnas.contracts.job import Job, Result

Trainer = Callable[[Job], Result]  # trains and evaluates one job; raises nothing for a job that merely fails


class Executor(ABC):
    """Where jobs are run. ``run`` returns when all are done; a lost worker's job comes back as failed."""

    name: ClassVar[str]

    @abstractmethod
    def run(self, jobs: Sequence[Job], trainer: Trainer) -> Sequence[Result]:
        """Train every job and return the results in the order of the jobs."""

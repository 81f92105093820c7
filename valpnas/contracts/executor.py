"""Executor: trains groups of jobs somewhere and hands back the answers to each as soon as they are there."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from types import TracebackType
from typing import ClassVar

from valpnas.contracts.job import Job, Result

Group = Sequence[Job]  # jobs that one worker trains side by side; mostly one
Grouping = Callable[[Sequence[Job]], Sequence[Group]]  # which jobs are trained side by side


@dataclass(frozen=True)
class HeldOutScores:
    """A candidate's figures on held-out rows, per output; only reports may see them. ``why_not`` says why none."""

    objectives: Mapping[str, float] = field(default_factory=dict)
    reported: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    why_not: str = ""


@dataclass(frozen=True, eq=False)
class Answer:
    """What came of a job. A search is told the result; held-out scores travel beside it, never in it.

    ``notes`` are for a person: what the engine could not do in its own way since the worker's last answer.
    """

    result: Result
    held_out: HeldOutScores | None = None
    notes: tuple[str, ...] = ()


Answers = Sequence[Answer]  # to the jobs of one group, in their order
Work = Callable[[Group], Answers]  # trains and scores a group; raises nothing for a job that merely fails
MakeWork = Callable[[], Work]  # called once where jobs are to run; can be pickled


class Executor(ABC):
    """Where jobs run; a context manager, which gives up what is still out and ends its workers.

    What comes of a group is the same wherever it runs and whatever runs beside it. Every group submitted is answered
    once, job by job, which is recorded as it comes, so that a kill loses no finished group. A group whose worker is
    lost fails or runs again as a whole, as the executor says; one whose worker has not answered ``GRACE`` seconds after
    the time limits of its jobs fails.
    """

    name: ClassVar[str]
    in_this_process: ClassVar[bool] = False  # groups are done here too, so that their epochs can be watched
    one_worker: ClassVar[bool] = False  # groups are done one after the other, however many workers are asked for
    shares_rows: ClassVar[bool] = False  # its workers are processes of this machine, which can map one copy of the data
    has_streams: ClassVar[bool] = False  # on a GPU, ``Streams`` can do in its place several groups at a time
    GRACE: ClassVar[float] = 60.0

    @classmethod
    def reached(cls, workers: int, address: str) -> AbstractContextManager[object]:  # noqa: ARG003 - for who needs it
        """Reach what is far away, before anything is made of a run, and leave it with the context.

        Raises:
            ExecutionError: it cannot be reached.
        """
        return nullcontext()

    @property
    @abstractmethod
    def room(self) -> int:
        """How many groups run at the same time."""

    @abstractmethod
    def submit(self, group: Group) -> None:
        """Take a group; it begins as soon as there is room, and one worker does all of it."""

    @abstractmethod
    def results(self) -> Iterator[Answers]:
        """Yield the answers to one group after the other as they come; may be left early and asked for again.

        Raises:
            ExecutionError: no worker can do any job.
        """

    @abstractmethod
    def cancel(self) -> None:
        """Give up every group that is out; none of them is answered."""

    def close(self) -> None:
        """Cancel, and end what was started."""
        self.cancel()

    def __enter__(self) -> Executor:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close, whatever happened."""
        self.close()

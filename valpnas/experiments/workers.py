"""Worker processes: each does one run at a time with one thread; what they have done is on disk whatever happens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType

from valpnas.execution.pool import Order, Pool
from valpnas.experiments.plan import Task
from valpnas.experiments.worker import begin


@dataclass(frozen=True)
class Outcome:
    """What came of a task; ``state`` as ``worker.perform`` says it."""

    task: Task
    state: str
    reason: str = ""


class Workers:
    """Up to ``count`` worker processes, started when they are needed; a context manager, which ends them."""

    def __init__(self, count: int) -> None:
        """Start nothing yet."""
        self.pool: Pool[Task] = Pool([begin] * count)

    def __enter__(self) -> Workers:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End every worker, in the middle of a run if need be."""
        self.pool.close()

    def run(self, tasks: Sequence[Task]) -> Iterator[Outcome]:
        """Do ``tasks``, begun in their order, and yield what came of each as it ends."""
        for task in tasks:
            self.pool.submit(Order(task, (task.folder, task.config)))
        for done in self.pool.results():
            yield Outcome(done.key, "broke", done.lost) if done.lost else Outcome(done.key, **done.answer)

"""Recording: what a search did goes into the journal, is put on disk in time, and has its seconds in some account."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Protocol

from valpnas.contracts.executor import Answer, Answers
from valpnas.contracts.job import Job
from valpnas.errors import StoreError
from valpnas.search.workbench import RunWorkbench
from valpnas.store.replay import Asked
from valpnas.store.run_directory import RunDirectory

_QUICK = 0.01  # seconds: jobs over sooner share a commit, which can take that long by itself
_REST = 10  # times as long as a commit took there is none for quick jobs


class Reporter(Protocol):
    """Sees each new answer before it is recorded; it tells the search nothing, and its time is in no account."""

    def record(self, answer: Answer) -> None:
        """Take in an answer."""

    def flush(self) -> None:
        """Put what was taken in on disk."""


@dataclass
class Recorder:
    """Writes the journal of a search at work.

    A turn begins with ``ask``. Whatever of it is neither training, evaluation nor diagnostics is "other". ``unsaved``
    are the candidates with a result that a kill would lose, for it waits for the next commit.
    """

    bench: RunWorkbench
    store: RunDirectory
    reporter: Reporter
    unsaved: set[int] = field(default_factory=set)
    _diagnosed: float = 0.0  # seconds of diagnostics in this turn, until a proposal has taken them
    _began: float = 0.0  # when the run, had it never been stopped, would have begun
    _started: float = 0.0
    _accounted: float = 0.0
    _next_commit: float = 0.0
    _quick: bool = False  # whether the last job was over soon

    def begin(self, elapsed: float) -> None:
        """Begin a sitting of a run that was at work for ``elapsed`` seconds before."""
        self._began = time.perf_counter() - elapsed

    def ask(self, ask: Callable[[], Sequence[Job]]) -> Sequence[Job]:
        """Begin a turn and return the jobs that ``ask`` returns."""
        self._started, before = time.perf_counter(), self.bench.diagnostic_seconds
        with self._saving():
            jobs = ask()
        self._diagnosed = self._accounted = self.bench.diagnostic_seconds - before
        return jobs

    def waited(self, answers: Iterator[Answers]) -> Iterator[Answers]:
        """Yield ``answers``; the wait for them is in the accounts of training and evaluation."""
        while True:
            before = time.perf_counter()
            with self._saving():
                group = next(answers, None)
            self._accounted += time.perf_counter() - before
            if group is None:
                return
            yield group

    def propose(self, asked: Asked, job: Job) -> None:
        """Record a job unless the journal has it; a resumed search must ask what it asked before."""
        known = asked.records.setdefault(job.record.candidate, job.record)
        if known is job.record:
            seconds, together = {"diagnostics": self._diagnosed}, asked.together[known.candidate]
            self.store.record_proposed(asked.number, known, job.model.valp, seconds, together)
            self._diagnosed = 0.0  # counted with the first job of the ask
        elif known.asks_for(job.record):
            self.store.save_graph(known.candidate, job.model.valp)  # a loss of power may have taken it
        else:
            raise StoreError(
                f"{self.store.path}: expected to propose candidate {known.candidate} as journalled, got another; "
                "the run was made with other versions or plug-ins: resume it with those in its run.toml"
            )

    def result(self, asked: Asked, answer: Answer) -> None:
        """Record a result as it comes, unless it is known; its model is in the store from here on."""
        if answer.result.candidate in asked.results:  # trained again beside those that a kill left without a result
            return
        before = time.perf_counter()
        self.reporter.record(answer)
        self._accounted += time.perf_counter() - before
        result = replace(answer.result, elapsed=round(time.perf_counter() - self._began, 3))
        self.store.record_result(asked.number, result)
        asked.results[result.candidate] = replace(result, model=None)
        self.unsaved.add(result.candidate)
        self._quick = sum(answer.result.seconds.values()) < _QUICK
        self.commit()

    def verdicts(self, asked: Asked, verdicts: Sequence[tuple[int, str]], done: int) -> None:
        """Record verdicts, those that a kill kept from the journal too."""
        for candidate, verdict in verdicts:
            if candidate not in asked.verdicts:
                self.store.record_verdict(candidate, verdict, done, {"other": self._unaccounted()})

    def commit(self, at_once: bool = False) -> None:
        """Put on disk what was recorded; but many quick jobs at a time, for which a loss is as quickly made good."""
        before = time.perf_counter()
        if at_once or not self._quick or before > self._next_commit:
            self.reporter.flush()
            self.store.commit()
            self.unsaved.clear()
            now = time.perf_counter()
            self._next_commit = now + max(_QUICK, _REST * (now - before))

    @contextmanager
    def _saving(self) -> Iterator[None]:
        """Put on disk what was recorded when a plug-in breaks, no worker is left or the user has no patience."""
        try:
            yield
        except BaseException:
            self.commit(at_once=True)
            raise

    def _unaccounted(self) -> float:
        """Return the seconds of this turn that no account has; none while a journal is replayed."""
        elapsed = time.perf_counter() - self._started if self._started else 0.0
        other, self._started, self._accounted = max(0.0, elapsed - self._accounted), 0.0, 0.0
        return other

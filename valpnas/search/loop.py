"""The loop that every search shares: ask, run, record, tell; and the way back to where a killed run was."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from valpnas.contracts.executor import Answer, Executor
from valpnas.contracts.job import Job
from valpnas.contracts.search import Search
from valpnas.errors import StoreError
from valpnas.search.workbench import RunWorkbench
from valpnas.store.replay import Asked
from valpnas.store.run_directory import RunDirectory

Watcher = Callable[[int, int], None]  # (steps done, steps to do)

_QUICK = 0.01  # seconds: jobs over sooner share a commit, which can take that long by itself
_REST = 10  # times as long as a commit took there is none for quick jobs


class Reporter(Protocol):
    """Sees each new answer before it is recorded; it tells the search nothing, and its time is in no account."""

    def record(self, answer: Answer) -> None:
        """Take in an answer."""

    def flush(self) -> None:
        """Put what was taken in on disk."""


@dataclass
class SearchLoop:
    """A search at work on a run directory: synchronous, which waits for all it asked for, or asynchronous."""

    search: Search[Any]
    bench: RunWorkbench
    store: RunDirectory
    executor: Executor
    watch: Watcher
    reporter: Reporter
    asynchronous: bool = False
    _open: dict[int, Asked] = field(default_factory=dict)  # asks not told yet, by number
    _count: int = 0  # asks so far
    _diagnosed: float = 0.0  # seconds of diagnostics in this turn, until a proposal has taken them
    _started: float = 0.0
    _accounted: float = 0.0
    _next_commit: float = 0.0
    _quick: bool = False  # whether the last job was over soon

    def run(self) -> Any:
        """Search to the end, from wherever the journal is; return the final state."""
        state, replay = self.search.begin(), self.store.replay()
        for asked in replay:
            state = self._tell(state, asked)
        self._open, self._count = replay.open, replay.count
        self.store.drop_leftovers()
        self._tidy(state)
        if self.asynchronous:
            self._take_up()
        turn = self._one_by_one if self.asynchronous else self._together
        while told := turn(state):
            state = self._tell(state, told)
            self._tidy(state, told)
        self._commit(at_once=True)
        return state

    # -- asking and running ---------------------------------------------------------------------------

    def _together(self, state: Any) -> Asked | None:
        """Ask for jobs and return them with all their results; None when the search has ended."""
        jobs = self._ask(lambda: self.search.ask(state, self.bench))
        if not jobs:
            return None
        asked = self._open.popitem()[1] if self._open else Asked(self._count)
        self._count = asked.number + 1
        for job in jobs:
            self._propose(asked, job)
        self._commit()
        for job in jobs:
            if job.record.candidate not in asked.results:
                self.executor.submit(job)
        for answer in self._answers():
            self._record(asked, answer)
        return asked

    def _one_by_one(self, state: Any) -> Asked | None:
        """Ask for as many jobs as there is room for, then return the first that has its result; None when none is out.

        The starting state of a job is kept on disk: the models that a resumed search would make it of may be gone.
        """
        out = [record for asked in self._open.values() for record in asked.records.values()]
        room = max(self.executor.room - len(out), 0)
        for job in self._ask(lambda: self.search.ask_more(state, self.bench, out, room)):
            asked = self._open[self._count] = Asked(self._count)
            self._count += 1
            self.store.jobs.save(job)
            self._propose(asked, job)
            self.executor.submit(job)
        self._commit()
        return self._next() if self._open else None

    def _next(self) -> Asked:
        answer = next(self._answers())
        (asked,) = (asked for asked in self._open.values() if answer.result.candidate in asked.records)
        self._record(asked, answer)
        return self._open.pop(asked.number)

    def _take_up(self) -> None:
        """Submit the jobs that were out when the run was stopped."""
        for asked in self._open.values():
            for candidate in asked.records:
                self.executor.submit(self.store.jobs.load(candidate))

    def _ask(self, ask: Callable[[], Sequence[Job]]) -> Sequence[Job]:
        self._started, before = time.perf_counter(), self.bench.diagnostic_seconds
        jobs = ask()
        self._diagnosed = self._accounted = self.bench.diagnostic_seconds - before
        return jobs

    def _answers(self) -> Iterator[Answer]:
        """Yield answers as they come; the wait for them is in the accounts of training and evaluation."""
        answers = self.executor.results()
        while True:
            before = time.perf_counter()
            answer = next(answers, None)
            self._accounted += time.perf_counter() - before
            if answer is None:
                return
            yield answer

    # -- recording ------------------------------------------------------------------------------------

    def _propose(self, asked: Asked, job: Job) -> None:
        """Record a job unless the journal has it; a resumed search must ask what it asked before."""
        known = asked.records.setdefault(job.record.candidate, job.record)
        if known is job.record:
            self.store.record_proposed(asked.number, job.record, job.model.valp, {"diagnostics": self._diagnosed})
            self._diagnosed = 0.0  # counted with the first job of the ask
        elif known == job.record:
            self.store.save_graph(known.candidate, job.model.valp)  # a loss of power may have taken it
        else:
            raise StoreError(
                f"{self.store.path}: expected to propose candidate {known.candidate} as journalled, got another; "
                "the run was made with other versions or plug-ins: resume it with those in its run.toml"
            )

    def _record(self, asked: Asked, answer: Answer) -> None:
        """Record a result as it comes; its model is in the store from here on."""
        before = time.perf_counter()
        self.reporter.record(answer)
        self._accounted += time.perf_counter() - before
        self.store.record_result(asked.number, answer.result)
        asked.results[answer.result.candidate] = replace(answer.result, model=None)
        self._quick = sum(answer.result.seconds.values()) < _QUICK
        self._commit()

    def _tell(self, state: Any, asked: Asked) -> Any:
        """Tell the search, and record the verdicts that a kill kept from the journal."""
        state = self.search.tell(state, asked.told())
        done, planned = self.search.progress(state)
        for candidate, verdict in self.search.verdicts(state):
            if candidate not in asked.verdicts:
                self.store.record_verdict(candidate, verdict, done, {"other": self._unaccounted()})
        self.watch(done, planned)
        return state

    def _tidy(self, state: Any, told: Asked | None = None) -> None:
        """Delete what nobody needs any more; what was needed before ``told`` only once the journal says so."""
        waiting = {candidate for asked in self._open.values() for candidate in asked.results}
        surplus = self.store.weights_beside(self.search.keep(state) | waiting)
        if told and surplus - set(told.results):
            self._commit(at_once=True)
        self.store.drop_weights(surplus)
        self.store.jobs.keep({candidate for asked in self._open.values() for candidate in asked.records})

    def _commit(self, at_once: bool = False) -> None:
        """Put on disk what was recorded; but many quick jobs at a time, for which a loss is as quickly made good."""
        before = time.perf_counter()
        if at_once or not self._quick or before > self._next_commit:
            self.reporter.flush()
            self.store.commit()
            now = time.perf_counter()
            self._next_commit = now + max(_QUICK, _REST * (now - before))

    def _unaccounted(self) -> float:
        """Return the seconds of this turn that no account has; none while a journal is replayed."""
        elapsed = time.perf_counter() - self._started if self._started else 0.0
        other, self._started, self._accounted = max(0.0, elapsed - self._accounted), 0.0, 0.0
        return other

"""The loop that every search shares: ask, run, record, tell; and the way back to where a killed run was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from valpnas.contracts.executor import Executor, Grouping
from valpnas.contracts.search import Search
from valpnas.search.grouping import each_alone, grouped, longest_first
from valpnas.search.recording import Recorder, Reporter
from valpnas.search.workbench import RunWorkbench
from valpnas.store.replay import Asked
from valpnas.store.run_directory import RunDirectory

Watcher = Callable[[int, int], None]  # (done, to do): candidates where the search knows how many, else steps


@dataclass
class SearchLoop:
    """A search at work on a run directory: synchronous, which waits for all it asked for, or asynchronous.

    ``grouping`` says which jobs of an ask are trained side by side.
    """

    search: Search[Any]
    bench: RunWorkbench
    store: RunDirectory
    executor: Executor
    watch: Watcher
    reporter: Reporter
    grouping: Grouping = each_alone
    asynchronous: bool = False
    _open: dict[int, Asked] = field(default_factory=dict)  # asks not told yet, by number
    _count: int = 0  # asks so far

    def __post_init__(self) -> None:
        """Take up the journal."""
        self._recorder = Recorder(self.bench, self.store, self.reporter)

    def run(self) -> Any:
        """Search to the end, from wherever the journal is; return the final state."""
        state, replay = self.search.begin(), self.store.replay()
        for asked in replay:
            state = self._tell(state, asked)
        self._open, self._count = replay.open, replay.count
        self._recorder.begin(replay.elapsed)
        self.store.drop_leftovers()
        self._tidy(state)
        if self.asynchronous:
            self._take_up()
        turn = self._one_by_one if self.asynchronous else self._together
        while told := turn(state):
            state = self._tell(state, told)
            self._tidy(state, told)
        self._recorder.commit(at_once=True)
        self._tidy_jobs()
        return state

    def _together(self, state: Any) -> Asked | None:
        """Ask for jobs and return them with all their results; None when the search has ended."""
        jobs = self._recorder.ask(lambda: self.search.ask(state, self.bench))
        if not jobs:
            return None
        asked = self._open.popitem()[1] if self._open else Asked(self._count)
        self._count = asked.number + 1
        groups = grouped(jobs, asked, self.grouping)
        for job in jobs:
            self._recorder.propose(asked, job)
        self._recorder.commit()
        for group in longest_first(groups, self.executor.room):
            if any(job.record.candidate not in asked.results for job in group):
                self.executor.submit(group)
        for answers in self._recorder.waited(self.executor.results()):
            for answer in answers:
                self._recorder.result(asked, answer)
            self._show(state, len(asked.results))
        return asked

    def _one_by_one(self, state: Any) -> Asked | None:
        """Ask for as many jobs as there is room for, then return the first that has its result; None when none is out.

        Each is an ask and a group of its own: side by side with others it would wait for them. Its starting state is
        kept on disk: the models that a resumed search would make it of may be gone.
        """
        out = [record for asked in self._open.values() for record in asked.records.values()]
        room = max(self.executor.room - len(out), 0)
        for job in self._recorder.ask(lambda: self.search.ask_more(state, self.bench, out, room)):
            asked = self._open[self._count] = Asked(self._count)
            self._count += 1
            (group,) = grouped([job], asked, each_alone)
            self.store.jobs.save(group)
            self._recorder.propose(asked, job)
            self.executor.submit(group)
        self._recorder.commit()
        return self._next() if self._open else None

    def _next(self) -> Asked:
        (answer,) = next(self._recorder.waited(self.executor.results()))
        (asked,) = (asked for asked in self._open.values() if answer.result.candidate in asked.records)
        self._recorder.result(asked, answer)
        return self._open.pop(asked.number)

    def _take_up(self) -> None:
        """Submit the jobs that were out when the run was stopped."""
        for asked in self._open.values():
            for candidate in asked.records:
                self.executor.submit(self.store.jobs.load_of(candidate))

    def _tell(self, state: Any, asked: Asked) -> Any:
        """Tell the search, and record the verdicts that a kill kept from the journal."""
        state = self.search.tell(state, asked.told())
        self._recorder.verdicts(asked, self.search.verdicts(state), self.search.progress(state)[0])
        self._show(state)
        return state

    def _show(self, state: Any, untold: int = 0) -> None:
        """Show how far the search is, with so many results that it was not told yet."""
        if counted := self.search.candidates(state):
            self.watch(counted[0] + untold, counted[1])
        elif not untold:
            self.watch(*self.search.progress(state))

    def _tidy(self, state: Any, told: Asked | None = None) -> None:
        """Delete what nobody needs any more; what was needed before ``told`` only once the journal says so."""
        waiting = {candidate for asked in self._open.values() for candidate in asked.results}
        surplus = self.store.weights_beside(self.search.keep(state) | waiting)
        if told and surplus - set(told.results):
            self._recorder.commit(at_once=True)
        self.store.drop_weights(surplus)
        self._tidy_jobs()

    def _tidy_jobs(self) -> None:
        """Delete the jobs that are neither out nor, for want of a commit, would be out again after a kill."""
        out = {candidate for asked in self._open.values() for candidate in asked.records}
        self.store.jobs.keep(out | self._recorder.unsaved)

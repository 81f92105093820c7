"""The loop that every search shares: ask, run, record, tell; and the way back to where a killed run was."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from valpnas.contracts.executor import Executor, Group, Trainer
from valpnas.contracts.job import Job, Result
from valpnas.contracts.search import Search
from valpnas.errors import StoreError
from valpnas.search.workbench import RunWorkbench
from valpnas.store.replay import Asked
from valpnas.store.run_directory import RunDirectory

Watcher = Callable[[int, int], None]  # (steps done, steps to do)
Reporter = Callable[[Result], None]
Grouping = Callable[[Sequence[Job]], Sequence[Group]]  # which jobs are trained side by side


def each_alone(jobs: Sequence[Job]) -> list[Group]:
    """Have no jobs trained side by side."""
    return [[job] for job in jobs]


@dataclass
class SearchLoop:
    """A search at work on a run directory.

    ``report`` sees each new result before it is recorded; it tells the search nothing, and its time is in no account.
    ``grouping`` says which jobs of a batch are trained side by side. Rounding may depend on who is trained beside whom,
    so groups are in the journal before they are trained, and a resumed run trains whole groups as the journal has them.
    """

    search: Search[Any]
    bench: RunWorkbench
    store: RunDirectory
    executor: Executor
    trainer: Trainer
    watch: Watcher
    report: Reporter
    grouping: Grouping = each_alone
    _started: float = 0.0
    _accounted: float = 0.0

    def run(self) -> Any:
        """Search to the end, from wherever the journal is; return the final state."""
        asked = self.store.asked()
        pending = asked.pop() if asked and not asked[-1].complete else Asked()
        state = self.search.begin()
        for batch in asked:
            state = self._tell(state, batch.told(), batch)
        self.store.keep_weights(self.search.keep(state) | set(pending.results))
        count = len(asked)
        while groups := self._ask(count, state, pending):
            # One turn: ask, run, tell, tidy up. Whatever of it is not training, evaluation or diagnostics is "other".
            state = self._tell(state, self._results(count, groups, pending), pending)
            self.store.keep_weights(self.search.keep(state))
            pending, count = Asked(), count + 1
        return state

    def _ask(self, index: int, state: Any, pending: Asked) -> list[Group]:
        """Ask for jobs, group them and record those the journal does not have.

        A resumed search must ask what it asked before.
        """
        before = self.bench.diagnostic_seconds
        self._started = time.perf_counter()
        jobs = self.search.ask(state, self.bench)
        seconds = {"diagnostics": self.bench.diagnostic_seconds - before}
        self._accounted = sum(seconds.values())
        groups = self._groups(jobs, pending)
        beside = {job.record.candidate: [j.record.candidate for j in group] for group in groups for job in group}
        for job in jobs:
            known = pending.records.get(job.record.candidate)
            if known is None:
                together = beside[job.record.candidate]
                self.store.record_proposed(index, job.record, job.model.valp, seconds, together)
                seconds = {}  # counted with the first job of the batch
            elif known != job.record:
                raise StoreError(
                    f"{self.store.path}: expected to propose candidate {known.candidate} as journalled, got another; "
                    "the run was made with other versions or plug-ins: resume it with those in its run.toml"
                )
        return groups

    def _groups(self, jobs: Sequence[Job], pending: Asked) -> list[Group]:
        """Return the groups of the journal, where it has some of these jobs, and those of all other jobs."""
        left = {job.record.candidate: job for job in jobs}
        told = [those for those in dict.fromkeys(pending.together.values()) if set(those) <= set(left)]  # else refused
        found: list[Group] = [[left.pop(candidate) for candidate in those] for those in told]
        return [*found, *self.grouping(list(left.values()))]

    def _results(self, index: int, groups: Sequence[Group], pending: Asked) -> list[Result]:
        """Run the groups that lack a result and record what is new; return all results in candidate order."""
        results = dict(pending.results)
        lacking = [group for group in groups if any(job.record.candidate not in results for job in group)]
        for result in self.executor.run(lacking, self.trainer):
            if result.candidate in results:  # trained again beside those that a kill left without a result
                continue
            before = time.perf_counter()
            self.report(result)
            self._accounted += time.perf_counter() - before + sum(result.seconds.values())
            self.store.record_result(index, result)
            results[result.candidate] = result
        return [results[candidate] for candidate in sorted(results)]

    def _tell(self, state: Any, results: Sequence[Result], known: Asked) -> Any:
        """Tell the search, and record the verdicts that a kill kept from the journal."""
        state = self.search.tell(state, results)
        done, planned = self.search.progress(state)
        for candidate, verdict in self.search.verdicts(state):
            if candidate not in known.verdicts:
                self.store.record_verdict(candidate, verdict, done, {"other": self._unaccounted()})
        self.watch(done, planned)
        return state

    def _unaccounted(self) -> float:
        """Return the seconds of this turn that no account has; none while a journal is replayed."""
        elapsed = time.perf_counter() - self._started if self._started else 0.0
        other, self._started, self._accounted = max(0.0, elapsed - self._accounted), 0.0, 0.0
        return other

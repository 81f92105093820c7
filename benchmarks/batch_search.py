"""A made-up search that asks for several jobs at a time: gentle changes of the best models so far, drawn at random.

It is there to drive executors, in benchmarks and in tests, and is no way to search.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from valpnas.contracts.job import Job, JobRecord, Result
from valpnas.contracts.operator import vary
from valpnas.contracts.protocol import Protocol
from valpnas.contracts.search import Search, Workbench
from valpnas.errors import TrainingFailedError
from valpnas.graph.canonical import canonical_hash
from valpnas.graph.valp import OutputTraining
from valpnas.networks.module import fresh_model
from valpnas.search.starts import RandomStart, Start

_BEST = 4  # models that are changed
_STARTS = 5


@dataclass(frozen=True)
class BatchState:
    """``candidates`` is one more than the highest told, ``told`` their number, ``best`` those with the lowest sum."""

    candidates: int = 0
    told: int = 0
    best: tuple[tuple[float, int], ...] = ()
    verdicts: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True)
class BatchSearch(Search[BatchState]):
    """Asks for ``width`` candidates at a time, ``steps`` in all after the start."""

    chooser: Any = None
    acceptance: Any = None
    start: Start = field(default_factory=RandomStart)
    rejected: str = "discard"
    steps: int = 30
    initial_batches: int = 500
    batches_per_step: int = 200
    batch_size: int = 100
    training: OutputTraining = field(default_factory=OutputTraining)
    protocol: Protocol = field(default_factory=Protocol)
    width: int = 8
    name: ClassVar[str] = "batch"
    asynchronous: ClassVar[bool] = True

    def begin(self) -> BatchState:
        """Return the state before the start."""
        return BatchState()

    def ask(self, state: BatchState, bench: Workbench) -> Sequence[Job]:
        """Return the start, or the next changes."""
        return self.ask_more(state, bench, (), self.width)

    def ask_more(self, state: BatchState, bench: Workbench, out: Sequence[JobRecord], room: int) -> Sequence[Job]:
        """Return as many as there is room for; without a trained start there is one at a time."""
        first = max([state.candidates, *(record.candidate + 1 for record in out)])
        if not state.best:
            return [] if out or not room else [self._start(first, bench)]
        left = self.steps + 1 - state.told - len(out)
        return [self._change(first + i, state, bench) for i in range(min(room, left))]

    def tell(self, state: BatchState, results: Sequence[Result]) -> BatchState:
        """Keep the best."""
        scored = [(sum(result.objectives.values()), result.candidate) for result in results if not result.failed]
        best = tuple(sorted([*state.best, *scored])[:_BEST])
        kept = {candidate for _, candidate in best}
        return BatchState(
            max([state.candidates, *(result.candidate + 1 for result in results)]),
            state.told + len(results),
            best,
            tuple((r.candidate, "accepted" if r.candidate in kept else "rejected") for r in results),
        )

    def verdicts(self, state: BatchState) -> Sequence[tuple[int, str]]:
        """Return the verdicts on the results told last."""
        return state.verdicts

    def keep(self, state: BatchState) -> frozenset[int]:
        """Keep the best."""
        return frozenset(candidate for _, candidate in state.best)

    def front(self, state: BatchState) -> Sequence[int]:
        """Return the best."""
        return sorted(self.keep(state))

    def progress(self, state: BatchState) -> tuple[int, int]:
        """Return the candidates told after the start, and those there will be."""
        return max(state.told - 1, 0), self.steps

    def _start(self, candidate: int, bench: Workbench) -> Job:
        if candidate >= _STARTS:
            raise TrainingFailedError(f"expected a start that can be trained, but {_STARTS} failed")
        rng = bench.rng(candidate, "start")
        valp = self.start.valp(bench.problem, bench.space, self.training, self.batch_size, rng)
        protocol = replace(self.protocol, batches=self.initial_batches, span=(0.0, 0.1))
        return Job(JobRecord(candidate, (), "start", canonical_hash(valp), protocol), fresh_model(valp, rng))

    def _change(self, candidate: int, state: BatchState, bench: Workbench) -> Job:
        rng = bench.rng(candidate, "choose")
        parent = state.best[int(rng.integers(len(state.best)))][1]
        model = bench.model(parent)
        gentle = [operator for operator in bench.operators.values() if operator.name.endswith("/gentle")]
        places = [(operator, site) for operator in gentle for site in operator.sites(model.valp)]
        protocol = replace(self.protocol, batches=self.batches_per_step, span=(0.1, 0.2))
        if places:
            operator, site = places[int(rng.integers(len(places)))]
            changed = vary(operator, (model,), site, bench.rng(candidate, "vary"))
            if changed.parameters <= bench.space.max_parameters or not bench.space.max_parameters:
                model = changed
        return Job(JobRecord(candidate, (parent,), "change", canonical_hash(model.valp), protocol), model)


def settings(**more: Any) -> Mapping[str, Any]:
    """Return the keys of a run file for this search."""
    return {"search": "benchmarks.batch_search:BatchSearch", **more}

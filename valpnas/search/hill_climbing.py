"""Stochastic hill climbing over VALPs ([VALP] VI-C, Figure 4): one model, one proposal per step.

The starts, the chooser, the acceptance rule and the policy for rejected training are arguments. Of several starts, all
trained alike, it goes on from the best: which kind of model suits a problem shows early, and differs between
problems. A candidate that is only its parent trained further is always adopted: there is no choice to make about it. In
the final decay of the learning rate nothing is changed any more, unless a chooser says that it has to finish something.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from valpnas.contracts.chooser import Chooser, Situation
from valpnas.contracts.job import Continue, Job, JobRecord, Origin, Result
from valpnas.contracts.model import Model
from valpnas.contracts.protocol import Protocol
from valpnas.contracts.search import Search, Workbench
from valpnas.graph.canonical import canonical_hash
from valpnas.graph.valp import OutputTraining
from valpnas.search.acceptance import Acceptance, Change
from valpnas.search.hill_state import HillState, told
from valpnas.search.proposing import propose, too_large
from valpnas.search.starts import RandomStart, Start, check_starts, fresh_start, promises_more
from valpnas.search.training_plan import TrainingPlan

_OWED = Continue("its change was rejected: the parent gets the batches that the change had")
_DECAY = Continue("final decay: what changes now has no time left to learn at a rate that matters")


@dataclass(frozen=True)
class HillClimbing(Search[HillState]):
    """Hill climbing with a budget of ``steps`` proposals after the start.

    ``protocol`` says how each job is trained, but for its batches and its part of the run's schedule.
    """

    chooser: Chooser
    acceptance: Acceptance
    starts: Sequence[Start] = (RandomStart(),)
    rejected: str = "discard"
    steps: int = 30
    initial_batches: int = 500
    batches_per_step: int = 200
    batch_size: int = 100
    training: OutputTraining = field(default_factory=OutputTraining)
    protocol: Protocol = field(default_factory=Protocol)
    name: ClassVar[str] = "hill-climbing"
    recalls: ClassVar[bool] = True

    def begin(self) -> HillState:
        """Return the state before the start."""
        return HillState()

    def ask(self, state: HillState, bench: Workbench) -> Sequence[Job]:
        """Return a start, the training owed to a parent, or the next change; nothing when the steps are done."""
        if state.current is None or state.candidates < len(self.starts):
            return [self._start(state, bench)]
        if state.owed:
            return [self._continue(state, bench.model(state.current), _OWED)]
        if state.step >= self.steps:
            return []
        return [self._change(state, bench, state.current)]

    def tell(self, state: HillState, results: Sequence[Result]) -> HillState:
        """Take in the one result."""
        (result,) = results
        adopted = not result.failed and self._adopts(state, result)
        return told(state, result, adopted, self.rejected == "train-parent")

    def verdicts(self, state: HillState) -> Sequence[tuple[int, str]]:
        """Return the verdict on the last result."""
        return state.verdicts

    def keep(self, state: HillState) -> frozenset[int]:
        """Keep the front and the current model."""
        return frozenset(self.front(state)) | ({state.current} if state.current is not None else set())

    def front(self, state: HillState) -> Sequence[int]:
        """Return the archive's candidates."""
        return [candidate for candidate, _ in state.archive]

    def progress(self, state: HillState) -> tuple[int, int]:
        """Return steps done and steps to do."""
        return state.step, self.steps

    @property
    def _plan(self) -> TrainingPlan:
        return TrainingPlan(self.steps, self.initial_batches, self.batches_per_step, self.protocol)

    # -- asking ---------------------------------------------------------------------------------------

    def _start(self, state: HillState, bench: Workbench) -> Job:
        if state.current is None:
            check_starts(state.candidates, state.failure)
        made = fresh_start(self.starts, bench, self.training, self.batch_size, state.candidates)
        return self._job(state, made, (), "start")

    def _continue(self, state: HillState, model: Model, why: Continue) -> Job:
        assert state.current is not None  # noqa: S101 - ask has seen to it
        made = self._job(state, model, (state.current,), "continue")
        return replace(made, record=replace(made.record, continued=why))

    def _change(self, state: HillState, bench: Workbench, current: int) -> Job:
        """Ask the chooser until its change keeps to the space's limit of parameters; few in the final decay."""
        model, decays = bench.model(current), self._plan.decays(state.step)
        if decays and not self.chooser.finishes:
            return self._continue(state, model, _DECAY)
        situation = self._situation(state, bench, current, decays)
        child = propose(self.chooser, situation, state.candidates, too_large(bench.space.max_parameters))
        if isinstance(child, Continue):
            return self._continue(state, model, child)
        made = self._job(state, child.model, (current,), "change")
        return replace(made, record=child.record(made.record, current), fault=child.fault)

    def _situation(self, state: HillState, bench: Workbench, current: int, decays: bool) -> Situation:
        aside, tried = frozenset(variant for variant, _ in state.tried), frozenset(state.tried)
        situation = Situation(current, bench.valp(current), bench, tried, aside, history=state.history)
        return replace(situation, kept=dict(state.archive), steps_left=self.steps - state.step, decays=decays)

    def _job(self, state: HillState, model: Model, parents: tuple[int, ...], origin: Origin) -> Job:
        # Training owed repeats the part of the schedule that its step had.
        protocol = self._plan.start() if origin == "start" else self._plan.turn(state.step - state.owed)
        return Job(JobRecord(state.candidates, parents, origin, canonical_hash(model.valp), protocol), model)

    # -- telling --------------------------------------------------------------------------------------

    def _adopts(self, state: HillState, result: Result) -> bool:
        if result.record.origin == "start":
            return state.current is None or promises_more(result.objectives, state.objectives)
        # In the final decay, what is not adopted would go without the rest of it.
        if result.record.origin != "change" or self._plan.decays(state.step):
            return True
        archive = [known for _, known in state.archive]
        return self.acceptance.accepts(Change(result.objectives, state.objectives, archive, result.record.gentle))

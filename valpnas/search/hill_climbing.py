"""Stochastic hill climbing over VALPs ([VALP] VI-C, Figure 4): one model, one proposal per step.

The start, the chooser, the acceptance rule and the policy for rejected training are arguments. A candidate that is
only its parent trained further is always adopted: there is no choice to make about it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np

from valpnas.contracts.chooser import Chooser, Situation
from valpnas.contracts.failure import failure_reason, is_out_of_memory
from valpnas.contracts.job import Job, JobRecord, Origin, Proposal, Result
from valpnas.contracts.model import Model
from valpnas.contracts.operator import Operator, Site, vary
from valpnas.contracts.protocol import Protocol
from valpnas.contracts.search import Search, Workbench
from valpnas.errors import (
    ConfigError,
    PluginError,
    TrainingFailedError,
    UnknownNameError,
    blamed,
    first_line,
)
from valpnas.graph.canonical import canonical_hash
from valpnas.graph.valp import OutputTraining, Valp
from valpnas.networks.module import count_parameters, fresh_model
from valpnas.search.acceptance import Acceptance
from valpnas.search.pareto import front
from valpnas.search.starts import RandomStart, Start

_STARTS = 5  # starts that may fail before the run gives up
_REPEATS = 100  # changes known to be too large that a chooser may propose again before the run gives up


@dataclass(frozen=True)
class HillState:
    """All a hill climbing knows. ``candidates`` counts those proposed, ``step`` the steps done."""

    candidates: int = 0
    step: int = 0
    current: int | None = None
    objectives: Mapping[str, float] = field(default_factory=dict)  # of the current model
    archive: tuple[tuple[int, Mapping[str, float]], ...] = ()  # the front of everything evaluated
    tried: tuple[tuple[str, Site], ...] = ()  # rejected since the current structure was adopted
    failure: str = ""  # why the candidate told last failed
    owed: bool = False  # the parent is still to be trained as long as its rejected change was
    verdicts: tuple[tuple[int, str], ...] = ()  # on the results told last


@dataclass(frozen=True)
class HillClimbing(Search[HillState]):
    """Hill climbing with a budget of ``steps`` proposals after the start.

    ``protocol`` says how each job is trained, but for its batches and its part of the run's schedule.
    """

    chooser: Chooser
    acceptance: Acceptance
    start: Start = field(default_factory=RandomStart)
    rejected: str = "discard"
    steps: int = 30
    initial_batches: int = 500
    batches_per_step: int = 200
    batch_size: int = 100
    training: OutputTraining = field(default_factory=OutputTraining)
    protocol: Protocol = field(default_factory=Protocol)
    name: ClassVar[str] = "hill-climbing"

    def begin(self) -> HillState:
        """Return the state before the start."""
        return HillState()

    def ask(self, state: HillState, bench: Workbench) -> Sequence[Job]:
        """Return the start, the training owed to a parent, or the next change; nothing when the steps are done."""
        if state.current is None:
            return [self._start(state, bench)]
        if state.owed:
            return [self._continue(state, bench.model(state.current))]
        if state.step >= self.steps:
            return []
        return [self._change(state, bench, state.current)]

    def tell(self, state: HillState, results: Sequence[Result]) -> HillState:
        """Take in the one result."""
        (result,) = results
        adopted = not result.failed and self._adopts(state, result)
        state = replace(
            state,
            candidates=result.candidate + 1,
            failure=result.reason,
            verdicts=((result.candidate, "accepted" if adopted else "rejected"),),
        )
        if not result.failed:
            state = replace(state, archive=_archived(state, result))
        if result.record.origin != "start" and not state.owed:
            state = replace(state, step=state.step + 1)
        return self._adopt(state, result) if adopted else self._reject(state, result)

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

    # -- asking ---------------------------------------------------------------------------------------

    def _start(self, state: HillState, bench: Workbench) -> Job:
        if state.candidates >= _STARTS:
            raise TrainingFailedError(
                f"expected a start that can be trained, but {_STARTS} starts failed one after the other, the last: "
                f"{state.failure}; lower the learning rate, or the widths where memory was lacking"
            )
        rng = bench.rng(state.candidates, "start")
        valp = self.start.valp(bench.problem, bench.space, self.training, self.batch_size, rng)
        return self._job(state, _made(valp, rng), (), "start")

    def _continue(self, state: HillState, model: Model) -> Job:
        assert state.current is not None  # noqa: S101 - ask has seen to it
        return self._job(state, model, (state.current,), "continue")

    def _change(self, state: HillState, bench: Workbench, current: int) -> Job:
        """Ask the chooser until its change keeps to the space's limit of parameters."""
        model, rng = bench.model(current), bench.rng(state.candidates, "choose")
        aside = frozenset(variant for variant, _ in state.tried)
        too_large, repeats = set[tuple[str, Site]](), 0
        while repeats < _REPEATS:
            tried = frozenset(state.tried) | too_large
            proposal = self._choose(Situation(current, model.valp, bench, tried, aside), rng)
            if proposal is None:
                return self._continue(state, model)
            if (proposal.variant, proposal.site) in too_large:
                repeats += 1
                continue
            operator = bench.operators[proposal.variant]
            try:
                changed = vary(operator, (model,), proposal.site, bench.rng(state.candidates, "vary"))
            except Exception as error:  # an operator's fault is this candidate's failure: recorded, not hidden
                return replace(self._job(state, model, (current,), "change", proposal), fault=_fault(operator, error))
            if not 0 < bench.space.max_parameters < changed.parameters:
                return self._job(state, changed, (current,), "change", proposal)
            too_large.add((proposal.variant, proposal.site))
        raise PluginError(
            f"chooser {type(self.chooser).__name__}: expected a change that was not tried, or None, got one of "
            f"{len(too_large)} that exceed max_parameters {_REPEATS} times; let it heed `tried`"
        )

    def _choose(self, situation: Situation, rng: np.random.Generator) -> Proposal | None:
        """Return what the chooser proposes; raises ``ValpnasError`` when that is none of the situation's operators."""
        name = type(self.chooser).__name__
        with blamed(f"chooser {name}", "mend it and resume the run"):
            proposal = _proposal_only(self.chooser.choose(situation, rng))
        if proposal is not None and proposal.variant not in situation.operators:
            raise UnknownNameError(f"operator, proposed by {name},", proposal.variant, situation.operators)
        return proposal

    def _job(
        self, state: HillState, model: Model, parents: tuple[int, ...], origin: Origin, proposal: Proposal | None = None
    ) -> Job:
        batches = self.initial_batches if origin == "start" else self.batches_per_step
        protocol = replace(self.protocol, batches=batches, span=self._span(state, origin))
        return Job(JobRecord(state.candidates, parents, origin, canonical_hash(model.valp), protocol, proposal), model)

    def _span(self, state: HillState, origin: Origin) -> tuple[float, float]:
        """Return the part of the run's schedule that a job covers; training owed repeats the part of its step."""
        total = max(self.initial_batches + self.steps * self.batches_per_step, 1)
        if origin == "start":
            return 0.0, self.initial_batches / total
        done = self.initial_batches + (state.step - state.owed) * self.batches_per_step
        return done / total, (done + self.batches_per_step) / total

    # -- telling --------------------------------------------------------------------------------------

    def _adopts(self, state: HillState, result: Result) -> bool:
        if result.record.origin != "change":
            return True
        return self.acceptance.accepts(result.objectives, state.objectives, [known for _, known in state.archive])

    def _adopt(self, state: HillState, result: Result) -> HillState:
        """Make the result the current model; what was tried is forgotten when its structure is a new one."""
        tried = () if result.record.origin == "change" else state.tried
        return replace(state, current=result.candidate, objectives=dict(result.objectives), tried=tried, owed=False)

    def _reject(self, state: HillState, result: Result) -> HillState:
        """Remember what did not help; with ``train-parent`` the parent gets the batches the change had."""
        if result.record.proposal is None:
            return replace(state, owed=False)
        tried = (*state.tried, (result.record.proposal.variant, result.record.proposal.site))
        return replace(state, tried=tried, owed=self.rejected == "train-parent")


def _proposal_only(chosen: object) -> Proposal | None:
    if chosen is None or (isinstance(chosen, Proposal) and isinstance(chosen.site, Site)):
        return chosen
    raise TypeError(f"expected a Proposal with a Site, or None, got {chosen!r}")


def _made(valp: Valp, rng: np.random.Generator) -> Model:
    """Return a start with fresh weights; raises ``ConfigError`` when there is no memory for them."""
    try:
        return fresh_model(valp, rng)
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        raise ConfigError(
            f"expected memory for a start of {count_parameters(valp):,} weights, got none ({first_line(error)}); "
            "lower start_parameters, or the widths of [space]"
        ) from error


def _fault(operator: Operator, error: Exception) -> str:
    """Say in one line why an operator made no model."""
    reason = failure_reason(error)
    return reason if is_out_of_memory(error) else f"{operator.name} {reason}"


def _archived(state: HillState, result: Result) -> tuple[tuple[int, Mapping[str, float]], ...]:
    points = [*state.archive, (result.candidate, dict(result.objectives))]
    return tuple(points[i] for i in front([objectives for _, objectives in points]))

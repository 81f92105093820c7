"""A search without training: operators told what to do, a bench without a store, results made up on the spot."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from tests.predictors.fabricate import VARIANTS as PLANTED
from tests.predictors.fabricate import by_rank, planted
from tests.training.toy_data import DENSE, toy_problem
from valpnas import catalog
from valpnas.contracts.chooser import Chooser, Situation
from valpnas.contracts.finding import Finding
from valpnas.contracts.job import Continue, Job, Proposal, Result
from valpnas.contracts.model import Model, Mutated
from valpnas.contracts.operator import Hint, Operator, Site
from valpnas.contracts.problem import Problem
from valpnas.contracts.search import ModelTraits, Search, Workbench
from valpnas.contracts.space import Space
from valpnas.experiments.gains.calibrating import calibrate
from valpnas.graph.tasks import Classification, Regression
from valpnas.graph.valp import Input, Output, Valp
from valpnas.predictors.bandit import BANDIT_TRAITS
from valpnas.predictors.learned import fit
from valpnas.predictors.network_traits import NETWORK_TRAITS
from valpnas.predictors.output_traits import OUTPUT_TRAITS
from valpnas.search.acceptance import Acceptance, Always, Archive, Dominates, Gentle, Majority
from valpnas.search.choosers.bandit import Bandit
from valpnas.search.choosers.by_gap import ByGap
from valpnas.search.choosers.growing import Grow, GrowDepth
from valpnas.search.choosers.guided import Guided
from valpnas.search.choosers.guided_calibrated import GuidedCalibrated
from valpnas.search.choosers.learned import LearnedChooser
from valpnas.search.choosers.random import Random, RandomGentle
from valpnas.search.choosers.train_only import TrainOnly
from valpnas.seeding import stream

OUTPUTS = [Output("y1", Regression(1)), Output("y2", Classification(2)), Output("y3", Regression(1))]
PROBLEM = toy_problem(rows=40, inputs=[Input("x", (3,))], outputs=OUTPUTS)
ACCEPTANCES: dict[str, Acceptance] = {
    rule.name: rule for rule in (Majority(), Dominates(), Archive(), Always(), Gentle())
}
GAINS = planted(by_rank, variants=PLANTED)
_CHOOSERS = (
    *(Guided(), Random(), RandomGentle(), Grow(), GrowDepth(), ByGap(), TrainOnly()),
    *(GuidedCalibrated(calibrate(GAINS, 400)), LearnedChooser(fit(GAINS, 400))),
    Bandit(beliefs=fit(GAINS, 400, BANDIT_TRAITS)),
)
CHOOSERS: dict[str, Chooser] = {chooser.name: chooser for chooser in _CHOOSERS}

Verdict = Mapping[str, float] | str  # objectives, or the reason of a failure


@dataclass
class FakeBench:
    """A workbench that keeps models in memory, and only those the search asks to keep."""

    problem: Problem = PROBLEM
    space: Space = DENSE
    operators: Mapping[str, Operator] = field(default_factory=lambda: catalog.operators(DENSE))
    seen: Sequence[Finding] = ()
    shown: ModelTraits = field(default_factory=dict)
    seed: int = 0
    models: dict[int, Model] = field(default_factory=dict)

    def model(self, candidate: int) -> Model:
        """Return a kept model."""
        return self.models[candidate]

    def valp(self, candidate: int) -> Valp:
        """Return the graph of a kept model."""
        return self.models[candidate].valp

    def findings(
        self,
        candidate: int,  # noqa: ARG002
        diagnostics: Sequence[str],  # noqa: ARG002
        scored: Mapping[int, Mapping[str, float]] | None = None,  # noqa: ARG002
    ) -> tuple[Finding, ...]:
        """Return what the test wants found."""
        return tuple(self.seen)

    def traits(self, candidate: int) -> ModelTraits:
        """Return what the test wants shown, or else traits that look like chance and depend on the name alone."""
        if self.shown:
            return self.shown
        networks = self.models[candidate].valp.specs if candidate in self.models else ()
        made_up = {name: _made_up(name, NETWORK_TRAITS) for name in networks}
        return {"networks": made_up, "outputs": _OfAnyOutput()}

    def rng(self, candidate: int, purpose: str) -> np.random.Generator:
        """Return a stream."""
        return stream(self.seed, candidate, purpose)

    def note(self, message: str) -> None:
        """Tell nobody."""


class _OfAnyOutput(dict[str, Mapping[str, float]]):
    """Traits of whichever output is asked for."""

    def __missing__(self, name: str) -> Mapping[str, float]:
        return _made_up(name, OUTPUT_TRAITS)


def _made_up(name: str, traits: Sequence[str]) -> dict[str, float]:
    rng = stream(7, sum(name.encode()))
    return {trait: float(rng.random()) for trait in traits}


@dataclass(frozen=True)
class FakeOperator(Operator):
    """An operator with the sites it is told, that does what it is told."""

    places: tuple[Site, ...] = ()
    does: Callable[[Model], Mutated] | None = None

    def sites(self, valp: Valp) -> Sequence[Site]:  # noqa: ARG002
        """Return the places told."""
        return self.places

    def apply(self, parents: tuple[Model, ...], site: Site, hint: Hint | None, rng: np.random.Generator) -> Mutated:  # noqa: ARG002
        """Do what was told."""
        assert self.does is not None
        return self.does(parents[0])


def fake(name: str, *places: Site, **settings: Any) -> FakeOperator:
    """Make a fake operator with the labels of the real one of this name."""
    real = catalog.operators(DENSE)[name]
    return FakeOperator(name, real.scope, real.effect, real.aggressiveness, places=places, **settings)


@dataclass
class Story:
    """What a search did: its jobs, the verdicts on them, and the states it went through."""

    jobs: list[Job] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    verdicts: list[str] = field(default_factory=list)
    states: list[Any] = field(default_factory=list)

    @property
    def proposals(self) -> list[Proposal]:
        """The changes proposed."""
        return [job.record.proposal for job in self.jobs if job.record.proposal is not None]

    @property
    def origins(self) -> list[str]:
        """The origin of each job."""
        return [job.record.origin for job in self.jobs]


def play(search: Search[Any], bench: FakeBench, score: Callable[[Job], Verdict], limit: int = 10_000) -> Story:
    """Let ``search`` run to its end on made-up results; a model it does not keep is gone."""
    story, state = Story(states=[search.begin()]), search.begin()
    while (jobs := search.ask(state, bench)) and len(story.jobs) < limit:
        results = [result_of(job, score(job)) for job in jobs]
        state = search.tell(state, results)
        bench.models |= {job.record.candidate: trained(job) for job in jobs}
        bench.models = {
            candidate: bench.models[candidate] for candidate in sorted(search.keep(state) & set(bench.models))
        }
        story.jobs += jobs
        story.results += results
        story.verdicts += [verdict for _, verdict in search.verdicts(state)]
        story.states.append(state)
    return story


def trained(job: Job) -> Model:
    """Return the model as training would leave it: of the same structure, with other weights."""
    weights = {name: tensor + 1e-3 for name, tensor in job.model.weights.items()}
    return replace(job.model, weights=weights)


def result_of(job: Job, verdict: Verdict) -> Result:
    """Make a result; a job whose operator broke fails whatever is wanted."""
    if job.fault or isinstance(verdict, str):
        return Result(job.record, reason=job.fault or str(verdict))
    return Result(job.record, objectives=verdict, batches=job.record.protocol.batches, parameters=job.model.parameters)


def worse(job: Job) -> Verdict:
    """Every candidate is worse than all before it."""
    return dict.fromkeys(job.model.valp.tasks, 1.0 + job.record.candidate)


def better(job: Job) -> Verdict:
    """Every candidate is better than all before it."""
    return dict.fromkeys(job.model.valp.tasks, 1.0 / (1 + job.record.candidate))


def mixed(job: Job) -> Verdict:
    """Objectives that look like chance, and depend on the candidate alone."""
    drawn = stream(99, job.record.candidate).random(len(OUTPUTS))
    return dict(zip(job.model.valp.tasks, drawn.tolist(), strict=True))


class Spy(Chooser):
    """A chooser that notes the situations it is put into and leaves the choice to another."""

    name = "spy"

    def __init__(self, inner: Chooser) -> None:
        self.inner, self.situations = inner, list[Situation]()

    def choose(self, situation: Situation, rng: np.random.Generator) -> Proposal | Continue:
        """Note and ask."""
        self.situations.append(situation)
        return self.inner.choose(situation, rng)


def situation(
    valp: Valp,
    bench: Workbench,
    tried: Sequence[tuple[str, Site]] = (),
    aside: Sequence[str] = (),
    peers: Mapping[int, Mapping[str, float]] | None = None,
) -> Situation:
    """Make a situation for a chooser; where there are ``peers``, the model is worse than all of them."""
    own = dict.fromkeys(valp.tasks, 100.0) if peers else {}
    return Situation(0, valp, bench, frozenset(tried), frozenset(aside), peers or {}, own)

"""A generation in the making: parents are selected, changed and turned into jobs, none of which was trained before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial

import numpy as np
from deap.base import Toolbox

from valpnas.contracts.chooser import Chooser, Situation
from valpnas.contracts.job import Continue, Job, JobRecord, Origin
from valpnas.contracts.model import Model
from valpnas.contracts.operator import Hint, Operator, Site
from valpnas.contracts.protocol import Protocol
from valpnas.contracts.search import Workbench
from valpnas.graph.canonical import canonical_hash
from valpnas.search.digest import digest
from valpnas.search.population_state import Member, PopulationState
from valpnas.search.proposing import Child, propose, too_large


@dataclass(frozen=True, eq=False)
class Generation:
    """What it is made with: see ``PopulationSearch.toolbox``; ``out`` are the jobs that are not told yet."""

    chooser: Chooser
    toolbox: Toolbox
    state: PopulationState
    bench: Workbench
    out: Sequence[JobRecord] = ()

    def jobs(self, first: int, protocols: Iterable[Protocol]) -> list[Job]:
        """Return a child for each of ``protocols``, numbered from ``first``; fewer when there is nothing to try."""
        made: list[Job] = []
        for protocol in protocols:
            siblings = [*self.out, *(job.record for job in made)]
            if (child := self._child(first + len(made), siblings, protocol)) is None:
                break
            made.append(child)
        return made

    def _child(self, number: int, siblings: Sequence[JobRecord], protocol: Protocol) -> Job | None:
        """Select members until one has a child that was not trained before; None when no member has."""
        members, rng = list(self.state.members), self.bench.rng(number, "select")
        while members:
            host = members.pop(self.toolbox.select([member.objectives for member in members], rng=rng))
            if (child := self._child_of(host, number, siblings, protocol)) is not None:
                return child
        return None

    def _child_of(self, host: Member, number: int, siblings: Sequence[JobRecord], protocol: Protocol) -> Job | None:
        """Return the child that the chooser wants of ``host``; None when it would be trained a second time."""
        known = self.state.trained.with_(siblings)
        # Once per model: a digest reads every weight.
        untold = lru_cache(1)(lambda model: job(number, "change", model, protocol))
        refusal = partial(self._refusal, lambda model: untold(model).record in known)
        child = propose(self.chooser, self._situation(host, siblings), number, refusal, self._varied)
        if not isinstance(child, Continue):
            return _changed(untold(child.model), child, host.candidate)
        further = job(number, "continue", self.bench.model(host.candidate), protocol, (host.candidate,))
        if further.record in known:
            return None
        return replace(further, record=replace(further.record, continued=child))

    def _situation(self, host: Member, siblings: Sequence[JobRecord]) -> Situation:
        number = host.candidate
        tried = {(variant, site) for member, variant, site in self.state.tried if member == number}
        changes = [record.proposal for record in siblings if record.parents[:1] == (number,)]
        tried |= {(change.variant, change.site) for change in changes if change is not None}
        aside = frozenset(variant for member, variant in self.state.failed if member == number)
        peers = {m.candidate: m.objectives for m in self.state.members if m.candidate != number}
        return Situation(number, self.bench.valp(number), self.bench, frozenset(tried), aside, peers, host.objectives)

    def _refusal(self, is_known: Callable[[Model], bool], model: Model) -> str:
        if why := too_large(self.bench.space.max_parameters)(model):
            return why
        return "were trained before" if is_known(model) else ""

    def _varied(
        self, operator: Operator, parents: tuple[Model, ...], site: Site, rng: np.random.Generator, hint: Hint | None
    ) -> Model:
        changed: Model = getattr(self.toolbox, operator.name)(parents, site, rng, hint)
        return changed


def job(number: int, origin: Origin, model: Model, protocol: Protocol, parents: tuple[int, ...] = ()) -> Job:
    """Return the job of training ``model``, with the digest of the weights that it begins with."""
    graph, inherited = canonical_hash(model.valp), digest(model)
    return Job(JobRecord(number, parents, origin, graph, protocol, None, inherited), model)


def _changed(made: Job, child: Child, host: int) -> Job:
    """Return the job of a child; one whose operator broke begins with no weights, for it is not trained."""
    inherited = "" if child.fault else made.record.inherited
    record = replace(child.record(made.record, host), inherited=inherited)
    return replace(made, record=record, fault=child.fault)

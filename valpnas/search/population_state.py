"""The state of a population search, and what results make of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from valpnas.contracts.job import Result
from valpnas.contracts.operator import Site
from valpnas.search.pareto import front
from valpnas.search.survival import Survival
from valpnas.seeding import stream

Objectives = Mapping[str, float]


@dataclass(frozen=True)
class Member:
    """A trained model: its number and its objectives."""

    candidate: int
    objectives: Objectives


@dataclass(frozen=True)
class PopulationState:
    """All a population search knows.

    ``candidates`` counts those proposed, ``generation`` those told after the starts. ``archive`` is the front of
    everything evaluated, ``fronts`` are those after the starts and after each generation. ``tried``: members, and what
    they were changed by at which site; ``failed``: what they were changed by in vain. ``trained``: graph and digest of
    the weights at the beginning of every job. ``largest``: of each objective, among the starts. ``seconds``: of all
    training and evaluation. ``failure``: why the candidate told last that failed did so. ``verdicts``: on the results
    told last.
    """

    candidates: int = 0
    generation: int = 0
    members: tuple[Member, ...] = ()
    archive: tuple[Member, ...] = ()
    fronts: tuple[tuple[Objectives, ...], ...] = ()
    tried: frozenset[tuple[int, str, Site]] = frozenset()
    failed: frozenset[tuple[int, str]] = frozenset()
    trained: frozenset[tuple[str, str]] = frozenset()
    largest: Mapping[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    failure: str = ""
    verdicts: tuple[tuple[int, str], ...] = ()


def told(
    state: PopulationState, results: Sequence[Result], survival: Survival, size: int, seed: int
) -> PopulationState:
    """Return the state after a generation: members and children compete, and ``size`` of them survive."""
    children = [Member(result.candidate, dict(result.objectives)) for result in results if not result.failed]
    rivals = [*state.members, *children]
    last = results[-1].candidate
    chosen = survival.survivors([rival.objectives for rival in rivals], size, stream(seed, last, "survive"))
    members = tuple(rivals[i] for i in chosen)
    archive = _front([*state.archive, *children])
    reasons = [result.reason for result in results if result.failed]
    return replace(
        _remembered(state, results, {member.candidate for member in members}),
        candidates=last + 1,
        generation=state.generation + bool(state.members),
        members=members,
        archive=archive,
        fronts=(*state.fronts, tuple(member.objectives for member in archive)) if members else (),
        largest=state.largest or _largest(children),
        seconds=state.seconds + sum(sum(result.seconds.values()) for result in results),
        failure=reasons[-1] if reasons else state.failure,
    )


def _remembered(state: PopulationState, results: Sequence[Result], alive: set[int]) -> PopulationState:
    """Note what was tried on whom, and what was trained; the dead are forgotten, for nothing is tried on them again."""
    tried, failed, trained = set(state.tried), set(state.failed), set(state.trained)
    for record in (result.record for result in results):
        if record.inherited:
            trained.add((record.graph, record.inherited))
        if record.proposal is not None:
            host, variant = record.parents[0], record.proposal.variant
            tried.add((host, variant, record.proposal.site))
            failed |= {(host, variant)} if record.candidate not in alive else set()
    told_now = [result.candidate for result in results]
    return replace(
        state,
        tried=frozenset(entry for entry in tried if entry[0] in alive),
        failed=frozenset(entry for entry in failed if entry[0] in alive),
        trained=frozenset(trained),
        verdicts=tuple((c, "accepted" if c in alive else "rejected") for c in told_now),
    )


def _front(members: Sequence[Member]) -> tuple[Member, ...]:
    return tuple(members[i] for i in front([member.objectives for member in members]))


def _largest(members: Sequence[Member]) -> dict[str, float]:
    names = members[0].objectives if members else ()
    return {name: max(member.objectives[name] for member in members) for name in names}

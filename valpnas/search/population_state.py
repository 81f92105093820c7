"""The state of a population search, and what results make of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from valpnas.contracts.job import Result
from valpnas.contracts.operator import Site
from valpnas.search.archive import Archive
from valpnas.search.known import Known
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

    ``candidates`` is one more than the highest number told; ``starts`` and ``children`` count the results told of
    either, ``generation`` the generations that are complete after the starts. ``archive`` is the front of everything
    evaluated, ``fronts`` are the latest of those after the starts and after each generation. ``tried``: members, and
    what they were changed by at which site; ``failed``: what they were changed by in vain. ``trained``: what every job
    began with. ``largest``: of each objective, among the starts. ``seconds``: wall time of the run at the latest
    result. ``failure``: why the candidate told last that failed did so. ``verdicts``: on the results told last.
    """

    candidates: int = 0
    starts: int = 0
    children: int = 0
    generation: int = 0
    members: tuple[Member, ...] = ()
    archive: Archive[Member] = field(default_factory=Archive)
    fronts: tuple[Archive[Member], ...] = ()
    tried: frozenset[tuple[int, str, Site]] = frozenset()
    failed: frozenset[tuple[int, str]] = frozenset()
    trained: Known = field(default_factory=Known)
    largest: Mapping[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    failure: str = ""
    verdicts: tuple[tuple[int, str], ...] = ()


def told(
    state: PopulationState, results: Sequence[Result], survival: Survival, size: int, seed: int, fronts: int = 1
) -> PopulationState:
    """Return the state after ``results``: members and newcomers compete, and ``size`` of them survive.

    These are a whole generation, or a single candidate where the search does not wait for all. The latest ``fronts``
    of those that ended a generation are remembered.
    """
    new = [Member(result.candidate, dict(result.objectives)) for result in results if not result.failed]
    rivals = [*state.members, *new]
    rng = stream(seed, results[-1].candidate, "survive")
    chosen = survival.survivors([rival.objectives for rival in rivals], size, rng)
    starts = sum(result.record.origin == "start" for result in results)
    reasons = [result.reason for result in results if result.failed]
    after = replace(
        _remembered(state, results, {rivals[i].candidate for i in chosen}),
        candidates=max(state.candidates, *(result.candidate + 1 for result in results)),
        starts=state.starts + starts,
        children=state.children + len(results) - starts,
        members=tuple(rivals[i] for i in chosen),
        archive=state.archive.with_(new, [member.objectives for member in new]),
        largest=_largest(state.largest, results),
        seconds=max(state.seconds, *(result.elapsed for result in results)),
        failure=reasons[-1] if reasons else state.failure,
    )
    return _counted(state, after, size, fronts)


def turns(state: PopulationState, size: int) -> int:
    """Return how many turns are complete: the starts, and each generation."""
    return (1 + state.children // size) if state.members and state.starts >= size else 0


def _counted(before: PopulationState, after: PopulationState, size: int, fronts: int) -> PopulationState:
    """Note the front when a turn is complete."""
    if turns(after, size) == turns(before, size):
        return after
    latest = (*before.fronts, after.archive)[-fronts:]
    return replace(after, generation=after.children // size, fronts=latest)


def _remembered(state: PopulationState, results: Sequence[Result], alive: set[int]) -> PopulationState:
    """Note what was tried on whom, and what was trained; the dead are forgotten, for nothing is tried on them again."""
    tried, failed = set(state.tried), set(state.failed)
    for record in (result.record for result in results):
        if record.proposal is not None:
            host, variant = record.parents[0], record.proposal.variant
            tried.add((host, variant, record.proposal.site))
            failed |= {(host, variant)} if record.candidate not in alive else set()
    return replace(
        state,
        tried=frozenset(entry for entry in tried if entry[0] in alive),
        failed=frozenset(entry for entry in failed if entry[0] in alive),
        trained=state.trained.with_(result.record for result in results),
        verdicts=tuple((r.candidate, "accepted" if r.candidate in alive else "rejected") for r in results),
    )


def _largest(known: Mapping[str, float], results: Sequence[Result]) -> Mapping[str, float]:
    """Return the largest of each objective among the starts, of which ``known`` is that of those told before."""
    largest = dict(known)
    for result in results:
        if result.record.origin == "start":
            largest |= {name: max(value, largest.get(name, value)) for name, value in result.objectives.items()}
    return largest

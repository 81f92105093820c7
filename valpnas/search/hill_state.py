"""The state of a hill climbing, and what a result makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from valpnas.contracts.job import Result
from valpnas.contracts.operator import Site
from valpnas.contracts.past import Past
from valpnas.search.archive import Archive
from valpnas.search.history import History


@dataclass(frozen=True)
class HillState:
    """All a hill climbing knows. ``candidates`` counts those proposed, ``step`` the steps done."""

    candidates: int = 0
    step: int = 0
    current: int | None = None
    objectives: Mapping[str, float] = field(default_factory=dict)  # of the current model
    archive: Archive[tuple[int, Mapping[str, float]]] = field(default_factory=Archive)  # of everything evaluated
    tried: tuple[tuple[str, Site], ...] = ()  # rejected since the current structure was adopted
    failure: str = ""  # why the candidate told last failed
    owed: bool = False  # the parent is still to be trained as long as its rejected change was
    verdicts: tuple[tuple[int, str], ...] = ()  # on the results told last
    history: History = field(default_factory=History)  # every candidate told


def told(state: HillState, result: Result, adopted: bool, train_parent: bool) -> HillState:
    """Return the state after ``result``, which was ``adopted`` or not.

    ``train_parent``: a parent whose change was rejected is owed the batches that the change had.
    """
    counts = result.record.origin != "start" and not state.owed
    state = replace(
        state,
        candidates=result.candidate + 1,
        step=state.step + counts,
        failure=result.reason,
        verdicts=((result.candidate, "accepted" if adopted else "rejected"),),
        archive=state.archive if result.failed else _archived(state, result),
        history=state.history.with_(Past.of(result, adopted)),
    )
    return _adopted(state, result) if adopted else _rejected(state, result, train_parent)


def _adopted(state: HillState, result: Result) -> HillState:
    """Make the result the current model; what was tried is forgotten when its structure is a new one."""
    tried = () if result.record.origin == "change" else state.tried
    return replace(state, current=result.candidate, objectives=dict(result.objectives), tried=tried, owed=False)


def _rejected(state: HillState, result: Result, train_parent: bool) -> HillState:
    """Remember what did not help; with ``train_parent`` the parent gets the batches the change had."""
    if result.record.proposal is None:
        return replace(state, owed=False)
    tried = (*state.tried, (result.record.proposal.variant, result.record.proposal.site))
    return replace(state, tried=tried, owed=train_parent)


def _archived(state: HillState, result: Result) -> Archive[tuple[int, Mapping[str, float]]]:
    objectives = dict(result.objectives)
    return state.archive.with_([(result.candidate, objectives)], [objectives])

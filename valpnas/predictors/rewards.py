"""Rewards: what each change of a run has brought, beyond what no change would have brought for the same cost.

Training alone improves the logarithm of an objective roughly in proportion to that of the batches (Hestness et al.,
arXiv:1712.00409). So the steps of a run that changed nothing say what the others would have had anyway; until there
are some, all steps do, which takes a typical change for none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from statistics import fmean

from valpnas.contracts.past import Past

HORIZON = 400
"""Batches after a change within which what happens is credited to it: changes that add depth pay late."""

COST_SHARE = 1.0
"""Share of a batch's time that grows with its multiply-adds."""

UNCHANGED_STEPS = 3
"""Steps without a change that it takes to know what these bring."""


@dataclass(frozen=True)
class _Step:
    """A told candidate beside its parent: ``gains`` are log-improvements, ``time`` the log of batches over those
    before, ``longer`` the same had the batches been as many more as the change made each dearer."""

    past: Past
    gains: Mapping[str, float]
    time: float
    longer: float


def rewards(history: Sequence[Past], horizon: int, cost_share: float = 1.0) -> dict[int, float]:
    """Return by candidate the mean log-improvement over objectives that its change has brought within ``horizon``.

    ``horizon`` counts batches from the change on. What a step brought is shared out among all changes whose horizon
    reaches it. A change of which some of its horizon still lies ahead has no reward yet, unless it was rejected or is
    no ancestor of the current model. ``cost_share`` is the share of a batch's time that grows with its multiply-adds.
    """
    steps = _steps(history, cost_share)
    powers = _powers(list(steps.values()))
    if not powers:
        return {}
    reached = {candidate: _reached(candidate, steps, horizon) for candidate, s in steps.items() if s.past.proposal}
    sharers: dict[int, int] = {}
    for window in reached.values():
        for candidate in window:
            sharers[candidate] = sharers.get(candidate, 0) + 1
    latest = _line(next((past.candidate for past in reversed(history) if past.adopted), None), steps)
    return {
        candidate: sum(_credit(steps[s], powers, sharers[s], steps[candidate]) for s in window)
        for candidate, window in reached.items()
        if sum(steps[s].past.batches for s in window) >= horizon or candidate not in latest
    }


def _credit(step: _Step, powers: Mapping[str, float], sharers: int, change: _Step) -> float:
    """Return a change's share of what a step brought beyond training, less what its own extra cost would have."""
    brought = fmean(gain - powers[name] * step.time for name, gain in step.gains.items())
    dearer = change.longer / change.time - 1
    return brought / sharers - fmean(powers.values()) * dearer * step.time


def _steps(history: Sequence[Past], cost_share: float) -> dict[int, _Step]:
    """Return the steps that have a parent and did not fail."""
    known = {past.candidate: past for past in history if past.objectives}
    least, batches, steps = _least(list(known.values())), dict[int, int](), dict[int, _Step]()
    for candidate, past in known.items():  # in the order of telling: parents first
        before = batches.get(past.parent, 0) if past.parent is not None else 0
        batches[candidate] = before + past.batches
        if past.parent not in known or not before or not past.batches:
            continue
        parent = known[past.parent]
        gains = {o: log(max(parent.objectives[o], least[o]) / max(past.objectives[o], least[o])) for o in least}
        factor = 1 + cost_share * (_dearer(past, parent) - 1)
        times = (log(1 + past.batches * each / before) for each in (1.0, max(factor, 0.0)))
        steps[candidate] = _Step(past, gains, *times)
    return steps


def _dearer(past: Past, parent: Past) -> float:
    """Return how many times as many multiply-adds a batch of ``past`` takes."""
    per_batch = [each.cost / each.batches if each.batches else 0.0 for each in (past, parent)]
    return per_batch[0] / per_batch[1] if all(per_batch) else 1.0


def _powers(steps: Sequence[_Step]) -> dict[str, float]:
    """Return by objective its log-improvement per unit of log batches, where nothing is changed."""
    unchanged = [step for step in steps if step.past.proposal is None]
    said = unchanged if len(unchanged) >= UNCHANGED_STEPS else steps
    if not said:
        return {}
    total = sum(step.time**2 for step in said)
    return {o: sum(step.gains[o] * step.time for step in said) / total for o in said[0].gains}


def _reached(candidate: int, steps: Mapping[int, _Step], horizon: int) -> list[int]:
    """Return the change and the adopted steps after it that begin within its horizon."""
    window, batches = [candidate], steps[candidate].past.batches
    adopted = {step.past.parent: number for number, step in steps.items() if step.past.adopted}
    while batches < horizon and steps[window[-1]].past.adopted and window[-1] in adopted:
        window.append(adopted[window[-1]])
        batches += steps[window[-1]].past.batches
    return window


def _line(candidate: int | None, steps: Mapping[int, _Step]) -> set[int]:
    """Return a candidate with its ancestors."""
    line, at = set[int](), candidate
    while at is not None and at in steps:
        line.add(at)
        at = steps[at].past.parent
    return line


def _least(known: Sequence[Past]) -> dict[str, float]:
    """Return half the smallest figure above zero of each objective: zero errors have no logarithm."""
    names = known[0].objectives if known else {}
    positive = {name: [past.objectives[name] for past in known if past.objectives[name] > 0] for name in names}
    return {name: min(values) / 2 for name, values in positive.items() if values}

"""Outputs past their best: which they are, and the change that lets one rest, at its best again where that can be had.

What made an output once can be put into a later model, where it shares nothing any more, so in the last steps every
output that has networks can be as good as it ever was. One that is memorised and shares networks rests at once: it has
nothing to learn, and leaves what it shared to the others. Where the limit of size forbids the copies, it follows what
it shares.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from valpnas.contracts.chooser import Situation
from valpnas.contracts.finding import Finding
from valpnas.contracts.job import Proposal
from valpnas.contracts.operator import Site
from valpnas.graph.subgraphs import stands_alone

REST, TAKE_BACK = "rest_output", "take_back"
_SHARE, _OF_CONSTANT = 0.03, 0.01  # past its best: by this share of that, and of what a constant reaches
_LATE_SHARE = 0.1  # what is given back last has not seen the end of the decay, and is the best of many on the same rows
Objectives = Mapping[str, float]


def let_rest(situation: Situation, memorised: Mapping[str, Finding]) -> Proposal | None:
    """Return the rest of the memorised output that is furthest past its best; None when none is that shares networks.

    Past its best is an objective that was clearly lower earlier in the line of descent than it is now and was a step
    ago: one step may be noise.
    """
    line, trained = _line(situation), situation.valp.trained_outputs
    judged = [o for o in sorted(memorised) if o in trained and not stands_alone(situation.valp, o)]
    over = {output: _past_best(line, output, situation.bench.problem.reference[output]) for output in judged}
    for output in sorted((o for o in judged if over[o] > 0), key=lambda o: -over[o]):
        donors = _better(situation, output, 1 + _SHARE, line[-1])
        if rest := _take_back(situation, output, donors) or _rest(situation, output):
            ratio, best = memorised[output].evidence["ratio"], min(past[output] for past in line)
            said = f"{output} is memorised (held-out loss {ratio:.1f} times that of training) and past its best: "
            said += f"{best:.3g} then, {line[-1][output]:.3g} now"
            return _because(rest, said, memorised[output])
    return None


def give_back(situation: Situation) -> Proposal | None:
    """Return what an output gets back in one of the last steps of all; None if none does now.

    It is as late as it can be, one output in a step: until then an output may still become better than it was. Nothing
    is taken from a model that is better at everything: the front has that one.
    """
    trained, left = situation.valp.trained_outputs, situation.steps_left
    if left is None or left > len(trained):  # most steps: not even all of them would be due
        return None
    now = _line(situation)[-1]
    due = {output: back for output in trained if (back := _owed(situation, output, now))}
    if not due or len(due) < left:
        return None
    lost = {output: 1 - _given(situation, back)[output] / now[output] for output, back in due.items()}
    return due[max(due, key=lambda output: lost[output])]


def _owed(situation: Situation, output: str, now: Objectives) -> Proposal | None:
    """Return that ``output`` gets back what was clearly better; None when nothing was."""
    kept = situation.donors(TAKE_BACK)
    useful = [n for n in _better(situation, output, 1 + _LATE_SHARE, now) if _is_worse(kept[n], now)]
    back = _take_back(situation, output, useful)
    return back and _because(back, f"{output} has been better: {now[output]:.3g} now")


def _given(situation: Situation, back: Proposal) -> Objectives:
    """Return the objectives of the model that gives."""
    assert back.donor is not None  # noqa: S101 - what is taken back is somebody's
    return situation.donors(TAKE_BACK)[back.donor]


def _better(situation: Situation, output: str, factor: float, now: Objectives) -> list[int]:
    """Return the earlier models whose objective for ``output``, times ``factor``, is below that of now; best first."""
    kept = situation.donors(TAKE_BACK)
    return sorted((n for n in kept if factor * kept[n][output] < now[output]), key=lambda n: (kept[n][output], n))


def _is_worse(then: Objectives, now: Objectives) -> bool:
    """Say whether a model is worse at something."""
    return any(then[output] > now[output] for output in now)


def _take_back(situation: Situation, output: str, donors: Sequence[int]) -> Proposal | None:
    """Return that ``output`` gets back what the first of ``donors`` that fits had for it; None when none does."""
    site = Site(outputs=(output,))
    if site not in situation.untried(TAKE_BACK):
        return None
    donor = situation.donor(TAKE_BACK, site, donors)
    if donor is None:
        return None
    return Proposal(TAKE_BACK, site, f"model {donor} had {situation.donors(TAKE_BACK)[donor][output]:.3g}", donor=donor)


def _rest(situation: Situation, output: str) -> Proposal | None:
    site = Site(outputs=(output,))
    return Proposal(REST, site, "") if site in situation.untried(REST) else None


def _because(change: Proposal, said: str, *findings: Finding) -> Proposal:
    """Return ``change`` with the reason before what it says already."""
    return replace(change, reason=f"{said}; {change.reason}" if change.reason else said, findings=findings)


def _line(situation: Situation) -> list[Objectives]:
    """Return the objectives along the line of descent, its start first; a start that was overtaken is not in it."""
    adopted = [past for past in situation.history if past.adopted and past.objectives]
    begun = max((number for number, past in enumerate(adopted) if past.parent is None), default=0)
    return [past.objectives for past in adopted[begun:]]


def _past_best(line: Sequence[Objectives], output: str, constant: float) -> float:
    """Return how far the objective is beyond what counts as past its best, as a share of the constant predictor's."""
    if len(line) < 3:
        return 0.0
    now, best = min(line[-1][output], line[-2][output]), min(objectives[output] for objectives in line)
    return (now - (1 + _SHARE) * best) / constant - _OF_CONSTANT

"""Outputs past their best: which they are, and the change that lets one rest, at its best again where that can be had.

What stands alone - no other output needs what makes it - can be put into a later model as good as it was, so it is
trained for as long as there are steps. What shares networks with others is soon lost, for these move on: it rests as
soon as it is past its best, and follows them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from valpnas.contracts.chooser import Situation
from valpnas.contracts.finding import Finding
from valpnas.contracts.job import Continue, Proposal
from valpnas.contracts.operator import Site
from valpnas.graph.subgraphs import stands_alone
from valpnas.graph.valp import Valp

REST, TAKE_BACK = "rest_output", "take_back"
_SHARE, _OF_CONSTANT = 0.03, 0.01  # past its best: by this share of that, and of what a constant reaches
_NEXT_TO_NOTHING = 0.01  # a learning rate beside the highest
Objectives = Mapping[str, float]


def let_rest(situation: Situation, memorised: Mapping[str, Finding]) -> Proposal | None:
    """Return the rest of the memorised output that is furthest past its best; None when none is that shares networks.

    Past its best is an objective that was clearly lower earlier in the line of descent than it is now and was a step
    ago: one step may be noise.
    """
    line = _line(situation)
    judged = [output for output in memorised if not stands_alone(situation.valp, output)]
    over = {output: _past_best(line, output, situation.bench.problem.reference[output]) for output in judged}
    sites = [site for site in situation.untried(REST) if over.get(site.outputs[0], 0) > 0]
    if not sites:
        return None
    (output,) = max(sites, key=lambda site: over[site.outputs[0]]).outputs
    ratio, best = memorised[output].evidence["ratio"], min(past[output] for past in line)
    said = f"{output} is memorised (held-out loss {ratio:.1f} times that of training) and past its best: "
    return _back(situation, output, f"{said}{best:.3g} then, {line[-1][output]:.3g} now", (memorised[output],))


def give_back(situation: Situation) -> Proposal | Continue:
    """Return what an output that stands alone gets back in one of the last steps of all, or why nothing is changed.

    It is as late as it can be, one output in a step: until then an output may still become better than it was.
    """
    now, left = _line(situation)[-1], situation.last_steps or 0
    donors = {
        output: donor
        for output in sorted(situation.valp.tasks.keys() - hardly_trained(situation.valp))
        if stands_alone(situation.valp, output) and (donor := _donor(situation, output)) is not None
    }
    if not donors or len(donors) < left:
        late = f"; {', '.join(donors)} may yet be given back what an earlier model had" if donors else ""
        return Continue(f"final decay: what is new now has no time left to learn{late}")
    kept = situation.donors(TAKE_BACK)
    output = max(donors, key=lambda name: now[name] / kept[donors[name]][name])
    said = f"{output} is past its best and stands alone: {kept[donors[output]][output]:.3g} then, {now[output]:.3g} now"
    return Proposal(TAKE_BACK, Site(outputs=(output,)), said, donor=donors[output])


def hardly_trained(valp: Valp) -> set[str]:
    """Return the outputs whose learning rate is next to nothing beside the highest."""
    rates = {output: how.learning_rate for output, how in valp.output_training.items()}
    return {output for output, rate in rates.items() if rate < _NEXT_TO_NOTHING * max(rates.values())}


def _back(situation: Situation, output: str, said: str, findings: tuple[Finding, ...]) -> Proposal:
    """Return that ``output`` rests, with what an earlier model had for it where one is kept that was better."""
    donor, site = _donor(situation, output), Site(outputs=(output,))
    if donor is None:
        return Proposal(REST, site, said, findings)
    return Proposal(TAKE_BACK, site, f"{said}; model {donor} has a better one", findings, donor)


def _donor(situation: Situation, output: str) -> int | None:
    """Return the model of the best objective that can give ``output`` what it had; None if none is clearly better."""
    site = Site(outputs=(output,))
    if site not in situation.untried(TAKE_BACK):
        return None
    now, kept = _line(situation)[-1][output], situation.donors(TAKE_BACK)
    better = [number for number in kept if (1 + _SHARE) * kept[number][output] < now]
    return situation.donor(TAKE_BACK, site, sorted(better, key=lambda number: (kept[number][output], number)))


def _line(situation: Situation) -> list[Objectives]:
    """Return the objectives along the line of descent, oldest first."""
    return [past.objectives for past in situation.history if past.adopted and past.objectives]


def _past_best(line: Sequence[Objectives], output: str, constant: float) -> float:
    """Return how far the objective is beyond what counts as past its best, as a share of the constant predictor's."""
    if len(line) < 3:
        return 0.0
    now, best = min(line[-1][output], line[-2][output]), min(objectives[output] for objectives in line)
    return (now - (1 + _SHARE) * best) / constant - _OF_CONSTANT

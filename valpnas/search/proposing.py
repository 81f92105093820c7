"""Proposing: from what a chooser wants to a changed model that may be trained; the same for every search."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import isfinite

import numpy as np
import torch

from valpnas.contracts.chooser import Chooser, Situation
from valpnas.contracts.failure import failure_reason, is_out_of_memory
from valpnas.contracts.job import Continue, JobRecord, Proposal
from valpnas.contracts.model import Model
from valpnas.contracts.operator import Hint, Operator, Site, vary
from valpnas.errors import PluginError, UnknownNameError, blamed

_REPEATS = 100  # changes that may not be trained, which a chooser may propose again before the run gives up

Refusal = Callable[[Model], str]
"""Says in a few words why a model may not be trained; empty when it may."""


@dataclass(frozen=True, eq=False)
class Child:
    """What came of a proposal: the changed model, or the unchanged one and the operator's ``fault``.

    ``gentle``: whether the operator promised to keep the function.
    """

    proposal: Proposal
    model: Model
    fault: str = ""
    gentle: bool = False

    def record(self, record: JobRecord, host: int) -> JobRecord:
        """Return ``record`` with the change and the candidates that the child descends from, ``host`` first."""
        parents = (host,) if self.proposal.donor is None else (host, self.proposal.donor)
        return replace(record, parents=parents, proposal=self.proposal, gentle=self.gentle)


Variation = Callable[[Operator, tuple[Model, ...], Site, np.random.Generator, Hint | None], Model]
"""Applies an operator: ``vary``, or what a search makes of it."""


def propose(
    chooser: Chooser, situation: Situation, candidate: int, refusal: Refusal, variation: Variation = vary
) -> Child | Continue:
    """Ask ``chooser`` for a change until its result may be trained, or it wants the model to be trained further.

    ``candidate`` is the number that the child will have: its random streams are named by it.

    Raises:
        PluginError: the chooser breaks, or proposes again and again what may not be trained.
        UnknownNameError: it proposes an operator that there is none of here.
    """
    bench, rng = situation.bench, situation.bench.rng(candidate, "choose")
    refused, repeats, why = dict[tuple[str, Site], str](), 0, ""
    while repeats < _REPEATS:
        seen = replace(situation, tried=situation.tried | refused.keys(), refused=dict(refused))
        proposal = _choose(chooser, seen, rng)
        if isinstance(proposal, Continue):
            return proposal
        if (proposal.variant, proposal.site) in refused:
            repeats += 1
            continue
        child = _change(situation, proposal, bench.rng(candidate, "vary"), variation)
        why = "" if child.fault else refusal(child.model)
        if not why:
            return child
        refused[proposal.variant, proposal.site] = why
    raise PluginError(
        f"chooser {type(chooser).__name__}: expected a change that was not tried, or Continue, got one of "
        f"{len(refused)} that {why} {_REPEATS} times; let it heed `tried`"
    )


def too_large(limit: int) -> Refusal:
    """Return the refusal of models with more than ``limit`` weights; 0 refuses none."""
    return lambda model: "exceed max_parameters" if 0 < limit < model.parameters else ""


def _choose(chooser: Chooser, situation: Situation, rng: np.random.Generator) -> Proposal | Continue:
    """Return what the chooser proposes; raises ``ValpnasError`` when that is none of the situation's operators."""
    name = type(chooser).__name__
    with blamed(f"chooser {name}", "mend it and resume the run"):
        chosen = _choice_only(chooser.choose(situation, rng))
    if isinstance(chosen, Continue):
        return chosen
    if chosen.variant not in situation.operators:
        raise UnknownNameError(f"operator, proposed by {name},", chosen.variant, situation.operators)
    _check_donor(name, situation, chosen)
    return chosen


def _check_donor(chooser: str, situation: Situation, proposal: Proposal) -> None:
    needed, donors = situation.operators[proposal.variant].scope == "crossover", situation.donors(proposal.variant)
    if needed != (proposal.donor is not None) or (needed and proposal.donor not in donors):
        expected = f"a donor among {sorted(donors)}" if needed else "no donor"
        raise PluginError(f"chooser {chooser}: expected {expected} for {proposal.variant}, got {proposal.donor}")


def _choice_only(chosen: object) -> Proposal | Continue:
    """Return ``chosen`` if it is a choice that the journal can hold: it has no word for what is not a finite number."""
    if not isinstance(chosen, Continue) and not (isinstance(chosen, Proposal) and isinstance(chosen.site, Site)):
        raise TypeError(f"expected a Proposal with a Site, or Continue, got {chosen!r}")
    features: Mapping[str, object] = chosen.features
    for feature, value in features.items():
        if not isinstance(value, int | float) or not isfinite(value):
            raise TypeError(f"expected features that are finite numbers, got {feature} = {value!r}")
    return chosen


def _change(situation: Situation, proposal: Proposal, rng: np.random.Generator, variation: Variation) -> Child:
    """Apply the operator proposed. Its fault is this candidate's failure: recorded, not hidden."""
    operator, bench = situation.operators[proposal.variant], situation.bench
    host = bench.model(situation.candidate)
    donors = () if proposal.donor is None else (bench.model(proposal.donor),)
    hint = _hint(proposal)
    try:
        changed = variation(operator, (host, *donors), proposal.site, rng, hint)
        return Child(proposal, changed, gentle=operator.gentle)
    except Exception as error:
        return Child(proposal, host, _fault(operator, error), operator.gentle)


def _hint(proposal: Proposal) -> Hint | None:
    """Return what the findings that asked for the change have for it; of equal names the last one's."""
    rows = {name: row for finding in proposal.findings for name, row in finding.hint.items()}
    return {name: torch.tensor(row) for name, row in rows.items()} or None


def _fault(operator: Operator, error: Exception) -> str:
    """Say in one line why an operator made no model."""
    reason = failure_reason(error)
    return reason if is_out_of_memory(error) else f"{operator.name} {reason}"

"""Latents that lie elsewhere than samples are drawn from, and the change that mends it."""

from __future__ import annotations

from itertools import chain

from valpnas.contracts.chooser import Situation
from valpnas.contracts.job import Proposal
from valpnas.contracts.operator import Site
from valpnas.graph.subgraphs import sample_decoders
from valpnas.graph.valp import Valp

STANDARDISE = "standardise_latent"
_LOOKS = ("latent_prior",)
_FAR = 0.3  # nats per number of a latent, from which on it cannot wait
_LAST = 3  # steps, where the learning rate does not decay


def standardise(situation: Situation) -> Proposal | None:
    """Return the change of the decoder whose latents are furthest off what is drawn; None when none is off.

    At a high learning rate they are soon off again, and the step is one less for what takes long to learn. So it waits
    for the decay, in which nothing else is changed, or for the last steps, unless they are far off; and even then it
    does not take two steps running. An output that rests draws its samples as it did when it was at its best.
    """
    found = [f for f in situation.findings(_LOOKS) if f.kind == "OFF_PRIOR"]
    if not _is_late(situation):
        found = [f for f in found if f.evidence["divergence"] >= _FAR and not _was_last(situation)]
    resting = _decoders_at_rest(situation.valp)
    due = [f for f in found if f.component not in resting]
    sites = situation.untried(STANDARDISE)
    for finding in sorted(due, key=lambda f: (-f.strength, f.component)):
        if (site := Site((finding.component,))) in sites:
            off, output = finding.evidence["divergence"], finding.output
            reason = f"latents of {finding.component} lie {off:.2f} nats off what samples of {output} are drawn from"
            return Proposal(STANDARDISE, site, reason, (finding,))
    return None


def _is_late(situation: Situation) -> bool:
    return situation.decays or (situation.steps_left is not None and situation.steps_left <= _LAST)


def _was_last(situation: Situation) -> bool:
    """Whether the latest step that was kept was this change."""
    kept = [past.proposal for past in situation.history if past.adopted]
    return bool(kept) and kept[-1] is not None and kept[-1].variant == STANDARDISE


def _decoders_at_rest(valp: Valp) -> frozenset[str]:
    """Return what outputs that rest are sampled from."""
    trained = {*valp.trained_outputs}
    found = (decoders for output, decoders in sample_decoders(valp).items() if output not in trained)
    return frozenset(chain.from_iterable(found))

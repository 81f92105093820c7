"""Latents that lie elsewhere than samples are drawn from, and the change that mends it."""

from __future__ import annotations

from valpnas.contracts.chooser import Situation
from valpnas.contracts.job import Proposal
from valpnas.contracts.operator import Site

STANDARDISE = "standardise_latent"
_LOOKS = ("latent_prior",)
_FAR = 0.3  # nats per number of a latent, from which on it cannot wait
_LAST = 3  # steps, where the learning rate does not decay


def standardise(situation: Situation) -> Proposal | None:
    """Return the change of the decoder whose latents are furthest off what is drawn; None when none is off.

    At a high learning rate they are soon off again, and the step is one less for what takes long to learn. So it waits
    for the decay, in which nothing else is changed, or for the last steps, unless they are far off.
    """
    late = situation.decays or (situation.steps_left is not None and situation.steps_left <= _LAST)
    found = [f for f in situation.findings(_LOOKS) if f.kind == "OFF_PRIOR"]
    due = [f for f in found if late or f.evidence["divergence"] >= _FAR]
    sites = situation.untried(STANDARDISE)
    for finding in sorted(due, key=lambda f: (-f.strength, f.component)):
        if (site := Site((finding.component,))) in sites:
            off, output = finding.evidence["divergence"], finding.output
            reason = f"latents of {finding.component} lie {off:.2f} nats off what samples of {output} are drawn from"
            return Proposal(STANDARDISE, site, reason, (finding,))
    return None

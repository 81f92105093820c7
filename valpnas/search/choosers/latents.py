"""Latents that lie elsewhere than samples are drawn from, and the change that mends it."""

from __future__ import annotations

from valpnas.contracts.chooser import Situation
from valpnas.contracts.job import Proposal
from valpnas.contracts.operator import Site

FIT_PRIOR = "fit_prior"
_LOOKS = ("latent_prior",)
_FAR = 0.3  # nats per number of a latent, from which on it cannot wait
_EVERY = 5  # candidates, before it is late: a fit is as dear as some batches, and a step of its own
_LAST = 3  # steps, where the learning rate does not decay


def draw_as_they_are(situation: Situation) -> Proposal | None:
    """Return the change of the decoder whose latents are furthest off what is drawn; None when none is off.

    Latents move on while weights are trained, and the step is one less for what takes long to learn. So it waits for
    the decay, in which nothing else is changed, or for the last steps; before, it looks after every fifth candidate,
    and mends what is far off. A population has no history of one model: there it always looks.
    """
    late = situation.decays or (situation.steps_left is not None and situation.steps_left <= _LAST)
    if not late and len(situation.history) % _EVERY:
        return None
    seen = [f for f in situation.findings(_LOOKS) if f.kind == "OFF_PRIOR"]
    found = seen if late else [f for f in seen if f.evidence["divergence"] >= _FAR]
    sites = situation.untried(FIT_PRIOR)
    for finding in sorted(found, key=lambda f: (-f.strength, f.component)):
        if (site := Site((finding.component,))) in sites:
            nats, output = finding.evidence["divergence"], finding.output
            off = f"{nats:.2f} nats per number off what samples of {output} are drawn from"
            reason = f"latents of {finding.component} lie {off}"
            return Proposal(FIT_PRIOR, site, reason, (finding,))
    return None

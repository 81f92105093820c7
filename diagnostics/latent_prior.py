"""latent_prior: do a decoder's latents lie where its samples are drawn from?

    divergence = mean over a latent's numbers of KL(N(mean, spread^2) || N(0, 1))
    mean = mean of m, spread^2 = variance of m + mean of v, over rows with posterior mean m and variance v

Samples are drawn from a standard normal. Where rows have their latents elsewhere, most draws are of a kind that
the decoder never met, however well it reconstructs. Source: the aggregated posterior and its distance from the prior,
Hoffman and Johnson 2016 ("ELBO surgery"); here by the marginals alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from valpnas.contracts.diagnostic import Diagnostic, ModelView
from valpnas.contracts.finding import Finding
from valpnas.graph.subgraphs import sample_decoders

_LEAST = 1e-6  # spread, of a latent that is the same for all rows and has no variance of its own
_OF_CHANCE = 3.0  # nats times rows: latents that lie where they should have about 1 / rows by chance


@dataclass(frozen=True)
class LatentPrior(Diagnostic):
    """Says of each decoder of samples whether its latents are OFF_PRIOR or ON_PRIOR, for the output it serves.

    ``nats``: of divergence, from which on they are off; with fewer than 150 rows it takes more, for chance makes some.
    The strength of OFF_PRIOR is 1 - exp(-divergence). Its hint holds ``mean`` and ``spread`` of each number.
    """

    nats: float = 0.02
    name: ClassVar[str] = "latent_prior"
    emits: ClassVar[Mapping[str, str]] = {"OFF_PRIOR": "none", "ON_PRIOR": "none"}

    def examine(self, view: ModelView, rng: np.random.Generator) -> Sequence[Finding]:  # noqa: ARG002 - draws nothing
        """Return a finding per decoder and generated output; cost: nothing beyond the model as it is."""
        return [
            self._judge(output, decoder, *view.latent(decoder))
            for output, decoders in sample_decoders(view.valp).items()
            for decoder in decoders
        ]

    def _judge(self, output: str, decoder: str, means: Tensor, log_variances: Tensor) -> Finding:
        mean = means.mean(dim=0)
        spread = (means.var(dim=0, correction=0) + log_variances.exp().mean(dim=0)).sqrt().clamp(min=_LEAST)
        divergence = float((mean.square() + spread.square() - 1 - 2 * torch.log(spread)).mean()) / 2
        evidence = {
            "divergence": divergence,
            "mean": float(mean.square().mean().sqrt()),
            "spread": float(spread.mean()),
        }
        if divergence < max(self.nats, _OF_CHANCE / len(means)):
            return Finding("ON_PRIOR", decoder, output, exp(-max(divergence, 0.0)), evidence)
        fit = {"mean": tuple(mean.tolist()), "spread": tuple(spread.tolist())}
        return Finding("OFF_PRIOR", decoder, output, 1 - exp(-divergence), evidence, hint=fit)

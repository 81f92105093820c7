"""standardise_latent: a decoder's latent is shifted and scaled to what samples are drawn from; predictions stay.

The paper has no such operator. Samples are drawn from a standard normal, and a decoder whose latents lie elsewhere was
never taught what to make of most of these draws. Fitting what latents are instead, after training, is ex-post density
estimation (Ghosh et al. 2020, "From Variational to Deterministic Autoencoders"); here the fit goes into the weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from valpnas.contracts.model import Model, Mutated
from valpnas.contracts.operator import Aggressiveness, Effect, Hint, Operator, Scope, Site
from valpnas.errors import OperatorError
from valpnas.graph.subgraphs import sample_decoders
from valpnas.graph.valp import Valp
from valpnas.networks.decoder import DecoderSpec
from valpnas.networks.decoder_latent import moved_latent
from valpnas.networks.draft import Draft


@dataclass(frozen=True)
class StandardiseLatent(Operator):
    """Turn each number z of a latent into (z - mean) / spread, and let the body hear mean + spread * z.

    Predictions are what they were, with posterior noise too, up to where the log-variance is clipped; samples are not,
    which is what it is for. ``hint`` holds ``mean`` and ``spread``, ``(latent,)`` each, of the latents of held-out
    rows; without it they are taken from the biases, as if all sources were centred and the posterior alone spread.
    Optimiser state stays as it is: off by the spread, for as long as the optimiser remembers, where fresh state would
    make first steps of the full learning rate.

    Legal for decoders whose latent is drawn for the samples of an output.
    """

    drawn: ClassVar[bool] = False  # blind, it would only move latents away

    name: str = "standardise_latent"
    scope: Scope = "micro"
    effect: Effect = "neutral"
    aggressiveness: Aggressiveness = "aggressive"

    def sites(self, valp: Valp) -> Sequence[Site]:
        """Return every decoder of samples."""
        decoders = {*chain.from_iterable(sample_decoders(valp).values())}
        return [Site((name,)) for name in sorted(decoders) if isinstance(valp.specs[name], DecoderSpec)]

    def apply(
        self,
        parents: tuple[Model, ...],
        site: Site,
        hint: Hint | None,
        rng: np.random.Generator,
    ) -> Mutated:
        """Rescale the site's decoder; raises ``OperatorError`` for a hint that does not fit it."""
        draft = Draft(parents[0], rng)
        (network,) = site.components
        tensors = draft.tensors(network)
        mean, spread = _fitted(tensors, hint)
        for name, tensor in moved_latent(tensors, mean, spread).items():
            draft.overwrite(f"networks.{network}.{name}", tensor)
        return draft.finish()


def _fitted(tensors: dict[str, Tensor], hint: Hint | None) -> tuple[Tensor, Tensor]:
    if hint is None:
        return tensors["bias.mean"], torch.exp(tensors["bias.log_variance"] / 2)
    size = tensors["bias.mean"].shape
    for name in ("mean", "spread"):
        if name not in hint or hint[name].shape != size:
            got = ", ".join(f"{key} {tuple(value.shape)}" for key, value in hint.items()) or "nothing"
            raise OperatorError(f"expected a hint with mean and spread of shape {tuple(size)}, got {got}")
    if not bool((hint["spread"] > 0).all()):
        raise OperatorError(f"expected a spread above 0, got {float(hint['spread'].min())}; measure it on more rows")
    return hint["mean"], hint["spread"]

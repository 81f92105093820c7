"""fit_prior: samples of a decoder are drawn from a mixture fitted to its latents; every prediction stays.

The paper has no such operator. Samples are drawn from a standard normal at first, and a decoder whose latents lie
elsewhere was never taught what to make of most of these draws. Fitting what latents are, after training, is ex-post
density estimation (Ghosh et al. 2020, "From Variational to Deterministic Autoencoders").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from valpnas.contracts.model import Model, Mutated, Origin
from valpnas.contracts.network_kind import Grown
from valpnas.contracts.operator import Aggressiveness, Effect, Hint, Operator, Scope, Site
from valpnas.errors import OperatorError
from valpnas.graph.subgraphs import sample_decoders
from valpnas.graph.valp import Valp
from valpnas.networks.decoder import DecoderSpec
from valpnas.networks.draft import Draft

_TENSORS = ("weight", "mean", "spread")


@dataclass(frozen=True)
class FitPrior(Operator):
    """Draw a decoder's samples from another mixture of normal distributions, or from one for the first time.

    Predictions and training are what they were; samples are not, which is what it is for. ``hint`` holds ``weight`` of
    the ``k`` components, ``(k,)``, and ``mean`` and ``spread``, ``(k * latent,)`` each, component by component, as
    ``latent_prior`` finds them in latents of held-out rows. Without it, a single component is taken from the biases,
    as if all sources were centred and the posterior alone spread.

    Legal for decoders whose latent is drawn for the samples of an output.
    """

    drawn: ClassVar[bool] = False  # blind, it would only move what is drawn away
    resamples: ClassVar[bool] = True

    name: str = "fit_prior"
    scope: Scope = "micro"
    effect: Effect = "neutral"
    aggressiveness: Aggressiveness = "gentle"

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
        """Give the site's decoder its mixture; raises ``OperatorError`` for a hint that does not fit it."""
        draft = Draft(parents[0], rng)
        (network,) = site.components
        spec = draft.valp.specs[network]
        assert isinstance(spec, DecoderSpec)  # noqa: S101 - no other is a site
        trained = draft.tensors(network)
        mixture = _from_biases(trained) if hint is None else _checked(hint, spec.latent)
        like = trained["bias.mean"]
        prior = {f"prior.{name}": tensor.to(like) for name, tensor in mixture.items()}
        kept = {name: Origin(name) for name in trained}
        draft.set_network(network, Grown(replace(spec, components=len(mixture["weight"])), trained, kept, prior))
        return draft.finish()


def _from_biases(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    mean, spread = tensors["bias.mean"], torch.exp(tensors["bias.log_variance"] / 2)
    return {"weight": mean.new_ones(1), "mean": mean[None].clone(), "spread": spread[None]}


def _checked(hint: Hint, latent: int) -> dict[str, Tensor]:
    """Return the mixture, ``mean`` and ``spread`` as ``(k, latent)``; raises ``OperatorError`` if it is none."""
    components = len(hint.get("weight", ()))
    sizes = {"weight": components, "mean": components * latent, "spread": components * latent}
    if not components or any(name not in hint or hint[name].shape != (sizes[name],) for name in _TENSORS):
        got = ", ".join(f"{key} {tuple(value.shape)}" for key, value in hint.items()) or "nothing"
        raise OperatorError(f"expected a hint with weight (k,), mean and spread (k * {latent},), got {got}")
    for name in ("weight", "spread"):
        if not bool((hint[name] > 0).all()):
            raise OperatorError(f"expected a {name} above 0, got {float(hint[name].min())}; fit it to more rows")
    for name in _TENSORS:
        if not bool(hint[name].isfinite().all()):
            raise OperatorError(f"expected a finite {name}, got {hint[name].tolist()}; fit it to finite latents")
    return {
        "weight": hint["weight"] / hint["weight"].sum(),
        **{name: hint[name].reshape(components, latent) for name in ("mean", "spread")},
    }

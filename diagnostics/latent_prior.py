"""latent_prior: do a decoder's latents lie where its samples are drawn from?

    divergence = mean over rows of (log q(z) - log p(z)) / numbers of a latent

with z drawn from a row's posterior, p what samples are drawn from, and q a mixture of normal distributions fitted to
other rows. Where rows have their latents elsewhere, most draws are of a kind that the decoder never met, however well
it reconstructs. Source: the aggregated posterior and its distance from the prior, Hoffman and Johnson 2016 ("ELBO
surgery"); a mixture fitted afterwards as what to draw from, Ghosh et al. 2020 ("From Variational to Deterministic
Autoencoders"), who count ten components; here held-out rows choose how many.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from math import exp, sqrt
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from torch import Tensor

from valpnas.contracts.diagnostic import Diagnostic, ModelView
from valpnas.contracts.finding import Finding
from valpnas.graph.subgraphs import sample_decoders

_COMPONENTS = (1, 3, 10, 30)
_ROWS = 5  # per component that are needed to fit one
_SURE = 2.0  # standard errors by which the fit has to be better
_LEAST = 1e-6  # spread of a number that is the same for all rows, and variance of a component in that unit

Rows = NDArray[np.float64]


@dataclass(frozen=True)
class LatentPrior(Diagnostic):
    """Says of each decoder of samples whether its latents are OFF_PRIOR or ON_PRIOR, for the output it serves.

    ``nats``: of divergence, from which on they are off, if that is two standard errors above 0. The strength of
    OFF_PRIOR is 1 - exp(-divergence). Its hint holds ``weight``, ``mean`` and ``spread`` of the mixture, component by
    component: the one that was judged, since one fitted to all rows could not be judged by them any more.
    """

    nats: float = 0.005
    name: ClassVar[str] = "latent_prior"
    emits: ClassVar[Mapping[str, str]] = {"OFF_PRIOR": "none", "ON_PRIOR": "none"}

    def examine(self, view: ModelView, rng: np.random.Generator) -> Sequence[Finding]:
        """Return a finding per decoder and generated output; cost: a pass over many rows, and some fits to latents."""
        decoders = sample_decoders(view.valp)
        judged = {
            name: _judge(view, name, self.nats, rng) for name in sorted({*chain.from_iterable(decoders.values())})
        }
        return [replace(judged[decoder], output=output) for output, several in decoders.items() for decoder in several]


def _judge(view: ModelView, decoder: str, nats: float, rng: np.random.Generator) -> Finding:
    latents = _drawn(*view.latent(decoder), rng)
    some, others = latents[::2], latents[1::2]  # always the same: others never were in what is drawn from
    fits = [_Fit.of(some, count, rng) for count in _COMPONENTS if count * _ROWS <= len(some)]
    if not fits or not len(others):
        return Finding("ON_PRIOR", decoder, evidence={"divergence": 0.0})
    best = max(fits, key=lambda fit: float(fit.log_density(others).mean()))
    gains = (best.log_density(others) - _prior(view, decoder, others)) / latents.shape[1]
    divergence, error = float(gains.mean()), float(gains.std() / sqrt(len(gains)))
    evidence = {"divergence": divergence, "error": error, "components": float(best.mixture.n_components)}
    if divergence < max(nats, _SURE * error):
        return Finding("ON_PRIOR", decoder, strength=exp(-max(divergence, 0.0)), evidence=evidence)
    return Finding("OFF_PRIOR", decoder, strength=1 - exp(-divergence), evidence=evidence, hint=best.hint)


@dataclass(frozen=True)
class _Fit:
    """A mixture of what is left of latents when ``centre`` is taken away and ``scale`` divided out."""

    mixture: GaussianMixture
    centre: Rows
    scale: Rows

    @staticmethod
    def of(latents: Rows, components: int, rng: np.random.Generator) -> _Fit:
        centre, scale = latents.mean(axis=0), np.maximum(latents.std(axis=0), _LEAST)
        return _Fit(_fitted((latents - centre) / scale, components, rng), centre, scale)

    def log_density(self, latents: Rows) -> Rows:
        density: Rows = self.mixture.score_samples((latents - self.centre) / self.scale) - np.log(self.scale).sum()
        return density

    @property
    def hint(self) -> dict[str, list[float]]:
        mean, spread = self.centre + self.scale * self.mixture.means_, self.scale * np.sqrt(self.mixture.covariances_)
        found = {"weight": self.mixture.weights_, "mean": mean, "spread": spread}
        return {name: values.ravel().tolist() for name, values in found.items()}


def _drawn(means: Tensor, log_variances: Tensor, rng: np.random.Generator) -> Rows:
    """Return a latent per row, drawn from its posterior, ``(n, latent)``."""
    mean, spread = means.double().cpu().numpy(), log_variances.double().mul(0.5).exp().cpu().numpy()
    drawn: Rows = mean + spread * rng.standard_normal(mean.shape)
    return drawn


def _prior(view: ModelView, decoder: str, latents: Rows) -> Rows:
    density: Rows = view.log_prior(decoder, torch.as_tensor(latents).to(view.value(decoder))).double().cpu().numpy()
    return density


def _fitted(latents: Rows, components: int, rng: np.random.Generator) -> GaussianMixture:
    """Return a mixture fitted to ``latents``; one that has not converged counts as it is, for other rows judge it."""
    mixture = GaussianMixture(
        components,
        covariance_type="diag",
        init_params="k-means++",
        reg_covar=_LEAST,
        random_state=int(rng.integers(2**31)),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return mixture.fit(latents)

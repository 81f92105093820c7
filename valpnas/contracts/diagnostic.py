"""Diagnostic: something that looks at a trained model through a ModelView and reports findings."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

import numpy as np
from torch import Tensor

from valpnas.contracts.finding import Estimate, Finding
from valpnas.graph.valp import Valp


class ModelView(Protocol):
    """A trained model and a held-out batch, as a diagnostic may look at them; nothing here trains or alters.

    Losses are per output on the held-out part of the training data that no candidate is trained on, with
    decoders at their posterior means, so that two calls give equal numbers.
    """

    @property
    def valp(self) -> Valp:
        """The structure looked at."""

    @property
    def ages(self) -> Mapping[str, int]:
        """Batches each sub-network has been trained since it was made."""

    @property
    def histories(self) -> Mapping[str, np.ndarray]:
        """Training loss per batch of each output, ``(batches,)``, the whole line of descent."""

    @property
    def changed_at(self) -> int:
        """Index in the histories at which the structure last changed."""

    @property
    def disturbed_at(self) -> int:
        """Index in the histories at which a change last altered the function or the way it is trained.

        Gentle changes of structure do neither, so the losses before them belong to the same line.
        """

    @property
    def candidate(self) -> int:
        """Number of the model in its run; -1 outside a run."""

    @property
    def objectives(self) -> Mapping[str, float]:
        """The model's objective per output on validation rows; empty when nobody has scored it."""

    @property
    def peers(self) -> Mapping[int, Mapping[str, float]]:
        """Validation objectives of the other candidates trained so far, by number; empty outside a run."""

    @property
    def inputs(self) -> Mapping[str, Tensor]:
        """The held-out batch, ``(n, *shape)`` per input."""

    @property
    def targets(self) -> Mapping[str, Tensor]:
        """The held-out targets per output."""

    def losses(self) -> Mapping[str, float]:
        """Loss of each output as the model is."""

    def value(self, component: str) -> Tensor:
        """What an input or sub-network emits on the held-out batch, ``(n, *shape)``."""

    def latent(self, decoder: str) -> tuple[Tensor, Tensor]:
        """Posterior means and log-variances of a decoder, ``(m, latent)`` each, on ``m`` held-out rows.

        These are up to 4,000, more than the batch and not in its order: what is fitted to them needs more.
        """

    def log_prior(self, decoder: str, latents: Tensor) -> Tensor:
        """Log density, ``(n,)``, of what samples of ``decoder`` are drawn from, at ``latents``, ``(n, latent)``."""

    def tensors(self, component: str) -> Mapping[str, Tensor]:
        """The trained weights of a sub-network or output head, named relative to it."""

    def losses_with_tensors(self, component: str, tensors: Mapping[str, Tensor]) -> Mapping[str, float]:
        """Losses when ``component`` has other weights; only it and its descendants are computed again."""

    def losses_with_value(self, component: str, value: Tensor) -> Mapping[str, float]:
        """Losses when an input or sub-network emits ``value`` instead; only its descendants are computed again."""

    def gradients(self, output: str) -> Mapping[str, Tensor]:
        """Gradient of one output's held-out loss by every weight that can alter it, by tensor name."""


@dataclass(frozen=True)
class Diagnostic(ABC):
    """A diagnostic; its parameters are dataclass fields with calibrated defaults.

    ``emits`` lists every kind of finding it may report with the advice it carries: a test fails when a
    kind that advises treatment is treated by no rule. ``compares`` says that it reads ``peers``, so that what it
    sees of a model changes as others are trained.

    ``budget`` is what one examination may cost, in passes: one forward pass of the whole model over the view's
    rows; what recomputes a part of the model costs that part (``graph.subgraphs.recomputed_share``), and what else
    takes time counts as the passes it takes about as long as. Passes and not seconds, so that the same view gives
    the same findings on any machine: what does not fit is decided beforehand, never by a clock.
    """

    name: ClassVar[str]
    emits: ClassVar[Mapping[str, str]]
    compares: ClassVar[bool] = False
    budget: float = field(default=40.0, kw_only=True)

    def cost(self, view: ModelView) -> float:  # noqa: ARG002
        """Return what ``examine`` will cost at most, in passes, never more than the budget; reading costs nothing."""
        return 0.0

    @abstractmethod
    def examine(self, view: ModelView, rng: np.random.Generator) -> Sequence[Finding]:
        """Return what it sees, in a fixed order; the same view and stream give the same findings."""

    def price(self, view: ModelView, rng: np.random.Generator) -> Sequence[Estimate]:  # noqa: ARG002
        """Return what it expects of changes at particular places; most diagnostics price nothing."""
        return ()

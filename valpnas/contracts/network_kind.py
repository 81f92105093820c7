"""NetworkKind: what a kind of sub-network promises. A new kind costs one file.

Two conventions let every macro operator work on every kind without knowing it:

* a network's tensors that belong to one source are named ``sources.<source>.<rest>`` and act linearly on that
  source's value, so zero tensors mean "not heard" and removing them removes the arc;
* everything else of a network does not depend on which sources it has.

A spec whose ``takes`` refuses other sources is exempt: no operator gives it any.

Buffers (running statistics, say) are tensors that are not trained. They go through growth, copies and inheritance as
weights do.

A kind whose spec ``decodes`` builds a ``DecoderModule``: the kernel asks it for a latent distribution, draws the
latent (posterior in training, posterior mean in prediction, prior in sampling) and hands it back to be decoded.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import log, pi
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from valpnas.contracts.model import Origin
from valpnas.contracts.space import Space
from valpnas.graph.spec import Shape, Spec


class Source(NamedTuple):
    """What a receiver needs to know of one of its sources."""

    shape: Shape
    identity: bool = False


# (values of parallel paths, depth in (0, 1]) -> the same with some rows zero and the others scaled
PathDropper = Callable[[Sequence[Tensor], float], list[Tensor]]


class NetworkModule(nn.Module, ABC):
    """A sub-network as a torch module; parameters come uninitialised from ``build``."""

    @abstractmethod
    def forward(self, sources: Mapping[str, Tensor]) -> Tensor:
        """Map each source's value ``(n, *shape)`` to the network's value ``(n, *output_shape)``."""

    def with_exits(self, sources: Mapping[str, Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Return the value, and the logits ``(n, classes)`` of each of the spec's ``inner_exits``, from one pass."""
        return self(sources), []

    def drop_paths(self, drop: PathDropper) -> None:
        """Ask ``drop`` in training mode, from now on, which of parallel paths to leave out."""


class DecoderModule(nn.Module, ABC):
    """A sub-network that draws its value from a latent distribution."""

    latent: int

    @abstractmethod
    def encode(self, sources: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Return mean and log-variance of the latent, each ``(n, latent)``."""

    @abstractmethod
    def decode(self, latent: Tensor) -> Tensor:
        """Map a latent ``(n, latent)`` to the network's value ``(n, *output_shape)``."""

    def draw(self, noise: Tensor) -> Tensor:
        """Turn standard normal ``noise``, ``(n, latent)``, into the latents of samples; as it is, unless fitted."""
        return noise

    def log_prior(self, latents: Tensor) -> Tensor:
        """Return the log density, ``(n,)``, of what ``draw`` draws from, at ``latents``, ``(n, latent)``."""
        return -0.5 * (latents.square() + log(2 * pi)).sum(dim=1)


@dataclass(frozen=True)
class Grown:
    """A sub-network after a micro change: its new spec, all its tensors, and where each came from.

    ``tensors`` are the trained ones, ``buffers`` the others. ``origins`` names tensors of both kinds of the network
    before the change, relative to the network; a tensor without an origin is new.
    """

    spec: Spec
    tensors: Mapping[str, Tensor]
    origins: Mapping[str, Origin] = field(default_factory=dict)
    buffers: Mapping[str, Tensor] = field(default_factory=dict)


class GrowthRule(ABC):
    """How one micro operator changes networks of one kind."""

    @abstractmethod
    def places(self, spec: Spec, space: Space) -> tuple[str, ...]:
        """Return the legal places in a network of this ``spec`` within ``space``; empty when there is none."""

    def takes(self, spec: Spec, space: Space, place: str) -> bool:
        """Say whether ``place`` is legal: one of ``places``, or one that leaves less to be drawn."""
        return place in self.places(spec, space)

    @abstractmethod
    def grow(
        self, spec: Spec, tensors: Mapping[str, Tensor], place: str, space: Space, rng: np.random.Generator
    ) -> Grown:
        """Return the network changed at ``place``; ``tensors``, weights and buffers, is not altered."""


class NetworkKind(ABC):
    """A kind of sub-network, listed in ``networks/__init__.py`` or registered as ``valpnas.network_kinds``."""

    name: ClassVar[str]

    @abstractmethod
    def read(self, data: Mapping[str, Any]) -> Spec:
        """Return the spec that ``to_json`` wrote; raises ``InvalidValpError`` for impossible data."""

    @abstractmethod
    def random(self, space: Space, rng: np.random.Generator) -> Spec:
        """Draw a spec within ``space``."""

    @abstractmethod
    def build(self, spec: Spec, sources: Mapping[str, Source]) -> NetworkModule | DecoderModule:
        """Build the module for these sources with parameters left uninitialised."""

    @abstractmethod
    def initialise(self, module: NetworkModule | DecoderModule, generator: torch.Generator) -> None:
        """Fill every parameter and buffer of ``module`` with its initial value, drawing from ``generator`` only."""

    def accepts(self, shape: Shape) -> bool:
        """Say whether a network of this kind can take a source of this shape."""
        return len(shape) > 0

    def multiply_adds(self, spec: Spec, sources: Mapping[str, Source]) -> int:
        """Return the multiply-adds of one row: one per entry of each matrix, unless a kind knows better."""
        with torch.device("meta"):  # shapes without memory
            parameters = self.build(spec, sources).parameters()
            return sum(tensor.numel() for tensor in parameters if tensor.dim() == 2)

    def growth(self) -> Mapping[str, GrowthRule]:
        """Return the rule for each micro operator (``add_layer/gentle``, ...) that can change this kind."""
        return {}

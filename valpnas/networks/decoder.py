"""The decoder kind: explicit mean and log-variance heads, a latent, and dense layers behind it.

Samples are drawn from a standard normal distribution, or from a mixture that was fitted to latents (``prior.*``).

Heads are separate matrices with a row block per source (``sources.<source>.mean`` and ``.log_variance``), never one
vector split by position: that split is what made published clones change the function (facts A3, E2.5).
The latent's log-variance is clipped to [-10, 10].
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from math import prod, sqrt
from typing import Any, ClassVar, cast

import numpy as np
import torch
from torch import Tensor, nn

from valpnas.contracts.model import Origin
from valpnas.contracts.network_kind import DecoderModule, Grown, GrowthRule, NetworkKind, NetworkModule, Source
from valpnas.contracts.space import Space
from valpnas.errors import InvalidValpError
from valpnas.graph.spec import Shape, Spec
from valpnas.networks.containers import Named, Parameters
from valpnas.networks.dense import DenseModule, initialise_dense, random_dense
from valpnas.networks.dense_growth import dense_growth
from valpnas.networks.dense_spec import DenseSpec
from valpnas.networks.latent_mixture import LatentMixture

_LIMIT = 10.0
_HEADS = ("mean", "log_variance")
_BODY, _PRIOR = "body.", "prior."  # what names of tensors begin with


@dataclass(frozen=True)
class DecoderSpec(Spec):
    """A latent of ``latent`` numbers, decoded by ``body``.

    Samples are drawn from a mixture of ``components`` normal distributions, or, 0, from a standard normal one.
    """

    latent: int
    body: DenseSpec
    components: int = 0
    kind: ClassVar[str] = "decoder"
    decodes: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Raise ``InvalidValpError`` for an empty latent, or less than no components."""
        if self.latent < 1:
            raise InvalidValpError("decoder", f"expected a latent of at least 1, got {self.latent}")
        if self.components < 0:
            raise InvalidValpError("decoder", f"expected 0 components or more, got {self.components}")

    @property
    def output_shape(self) -> Shape:
        """A vector."""
        return self.body.output_shape

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data; components only where there are some, as in files of before there were any."""
        data = asdict(self)
        return data if self.components else {key: value for key, value in data.items() if key != "components"}


class VectorDecoder(DecoderModule):
    """The network of a ``DecoderSpec``; every source is flattened to ``(n, d)``."""

    def __init__(self, spec: DecoderSpec, sources: Mapping[str, Source]) -> None:
        """Make all parameters, uninitialised."""
        super().__init__()
        self.latent = spec.latent
        self.sources = Named({name: _heads((prod(source.shape), spec.latent)) for name, source in sources.items()})
        self._blocks = self.sources.items()
        self.bias = _heads((spec.latent,))
        self.body = DenseModule(spec.body, {"latent": Source((spec.latent,))})
        self.prior = LatentMixture(spec.latent, spec.components) if spec.components else None

    def encode(self, sources: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Return mean and clipped log-variance, ``(n, latent)`` each."""
        mean, log_variance = (self._head(head, sources) for head in _HEADS)
        return mean, log_variance.clamp(-_LIMIT, _LIMIT)

    def decode(self, latent: Tensor) -> Tensor:
        """Map ``(n, latent)`` to ``(n, output)``."""
        result: Tensor = self.body({"latent": latent})
        return result

    def draw(self, noise: Tensor) -> Tensor:
        """Return draws of the mixture, or the noise as it is."""
        return super().draw(noise) if self.prior is None else cast(Tensor, self.prior(noise))

    def log_prior(self, latents: Tensor) -> Tensor:
        """Return the log density of the mixture, or of a standard normal distribution."""
        return super().log_prior(latents) if self.prior is None else self.prior.log_density(latents)

    def _head(self, head: str, sources: Mapping[str, Tensor]) -> Tensor:
        total = self.bias[head]
        for name, block in self._blocks:
            total = torch.addmm(total, sources[name].flatten(1), block[head])
        return total


def _heads(shape: tuple[int, ...]) -> Parameters:
    return Parameters(dict.fromkeys(_HEADS, shape))


class DecoderKind(NetworkKind):
    """Sub-networks that draw their value from a latent distribution, so that samples need no input."""

    name: ClassVar[str] = "decoder"

    def read(self, data: Mapping[str, Any]) -> DecoderSpec:
        """Return the spec that ``to_json`` wrote."""
        return DecoderSpec(data["latent"], DenseSpec.from_json(data["body"]), data.get("components", 0))

    def random(self, space: Space, rng: np.random.Generator) -> DecoderSpec:
        """Draw latent and body within ``space``."""
        return DecoderSpec(space.latent(rng), random_dense(space, rng))

    def build(self, spec: Any, sources: Mapping[str, Source]) -> DecoderModule:
        """Build a ``VectorDecoder``."""
        return VectorDecoder(spec, sources)

    def initialise(self, module: NetworkModule | DecoderModule, generator: torch.Generator) -> None:
        """LeCun-uniform heads, zero biases; the log-variance starts near -2, so that early latents say something."""
        assert isinstance(module, VectorDecoder)  # noqa: S101 - the kernel hands back what build made
        total = sum(block["mean"].shape[0] for block in module.sources.values())
        for block in module.sources.values():
            for weight in block.values():
                nn.init.uniform_(weight, -sqrt(3.0 / total), sqrt(3.0 / total), generator=generator)
        nn.init.zeros_(module.bias["mean"])
        nn.init.constant_(module.bias["log_variance"], -2.0)
        initialise_dense(module.body, generator)
        if module.prior is not None:
            _as_standard_normal(module.prior)

    def growth(self) -> Mapping[str, GrowthRule]:
        """Return the dense rules, applied to the body."""
        return {name: _BodyRule(rule) for name, rule in dense_growth().items()}


def _as_standard_normal(prior: LatentMixture) -> None:
    prior.weight.fill_(1 / len(prior.weight))
    prior.mean.zero_()
    prior.spread.fill_(1.0)


class _BodyRule(GrowthRule):
    """A dense growth rule applied to a decoder's body."""

    def __init__(self, rule: GrowthRule) -> None:
        self.rule = rule

    def places(self, spec: Any, space: Space) -> tuple[str, ...]:
        """Return the rule's places in the body."""
        return self.rule.places(spec.body, space)

    def grow(
        self, spec: Any, tensors: Mapping[str, Tensor], place: str, space: Space, rng: np.random.Generator
    ) -> Grown:
        """Grow the body; heads, and what samples are drawn from, stay as they are."""
        body = {name.removeprefix(_BODY): value for name, value in tensors.items() if name.startswith(_BODY)}
        others = {name: value for name, value in tensors.items() if not name.startswith(_BODY)}
        prior = {name: value for name, value in others.items() if name.startswith(_PRIOR)}
        heads = {name: value for name, value in others.items() if name not in prior}
        grown = self.rule.grow(spec.body, body, place, space, rng)
        if not isinstance(grown.spec, DenseSpec):
            raise TypeError(f"expected a dense body, got {grown.spec}")
        origins = {_BODY + name: Origin(_BODY + o.tensor, o.index) for name, o in grown.origins.items()}
        return Grown(
            replace(spec, body=grown.spec),
            heads | {_BODY + name: value for name, value in grown.tensors.items()},
            {name: Origin(name) for name in others} | origins,
            prior,
        )

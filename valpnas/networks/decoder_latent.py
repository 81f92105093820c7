"""A decoder's latent in other units: the same network, with heads and body that speak of (z - mean) / spread."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

_HEARING = "body.sources.latent."  # weights of the body's layers that hear the latent, by path


def moved_latent(tensors: Mapping[str, Tensor], mean: Tensor, spread: Tensor) -> dict[str, Tensor]:
    """Return those of a ``DecoderSpec``'s tensors that change when each number z becomes (z - mean) / spread.

    ``mean`` and ``spread`` are ``(latent,)``. Heads emit the new numbers, and the body hears mean + spread * z, so that
    all it computes from sources stays, as long as the log-variance is not clipped.
    """
    mean, spread = mean.to(tensors["bias.mean"]), spread.to(tensors["bias.mean"])
    moved = {name: tensor / spread for name, tensor in tensors.items() if name.endswith(".mean")}
    moved["bias.mean"] = (tensors["bias.mean"] - mean) / spread
    moved["bias.log_variance"] = tensors["bias.log_variance"] - 2 * torch.log(spread)
    for name in [name for name in tensors if name.startswith(_HEARING)]:
        bias = f"body.{name.removeprefix(_HEARING)}.0.bias"
        moved[bias] = tensors[bias] + mean @ tensors[name]
        moved[name] = spread[:, None] * tensors[name]
    return moved

"""Foreign networks: those of kinds without formulas here run through autograd, at their place in the schedule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from valpnas.contracts.network_kind import DecoderModule, NetworkModule
from valpnas.graph.spec import Shape
from valpnas.training.compiled.latents import Divergence
from valpnas.training.compiled.values import Values


class ForeignNetwork:
    """One network: its value goes into the plan's memory, the gradient that comes back goes on to its sources.

    ``mean`` and ``log_variance``, ``(latent, rows)``, hold the posterior of a decoder; ``gradients`` are those of the
    parameters by optimiser group.
    """

    def __init__(
        self,
        name: str,
        module: nn.Module,
        sources: Mapping[str, Shape],
        inputs: frozenset[str],
        values: Values,
        noise: Tensor | None,
        exits: Sequence[str],
        precision: str,
    ) -> None:
        """Take a module whose weights and buffers are in place.

        Args:
            name: the network's.
            module: in training.
            sources: the shape of each.
            inputs: the sources that need no gradient.
            values: where values and gradients are.
            noise: what a decoder draws with, ``(rows, latent)``.
            exits: what the values of its exits' logits are called, each answering one output.
            precision: ``bfloat16`` has its products computed so, and everything else as the weights are.
        """
        self._name, self._module, self._sources, self._inputs, self._values = name, module, sources, inputs, values
        self._noise, self._exits = noise, exits
        device, enabled = values.arena.device.type, precision == "bfloat16"
        self._autocast = torch.autocast(device, torch.bfloat16, enabled=enabled)
        self.parameters = dict(module.named_parameters())
        self.gradients: dict[int, dict[str, Tensor | None]] = {}
        self._leaves: dict[str, Tensor] = {}
        self._results: list[Tensor] = []
        latent = module.latent if isinstance(module, DecoderModule) else 0
        self.mean, self.log_variance = (values.empty(latent, values.rows) for _ in range(2))

    @property
    def buffers(self) -> dict[str, Tensor]:
        """The buffers as they are now: a module may put another tensor in the place of one."""
        return dict(self._module.named_buffers())

    @torch.enable_grad()
    def forward(self) -> None:
        """Compute the value and keep the graph."""
        self._leaves = {source: self._leaf(source, shape) for source, shape in self._sources.items()}
        with self._autocast:
            self._results = self._computed()
        self._values.forward(self._name).copy_(self._results[0].detach().flatten(1).mT)
        for name, logits in zip(self._exits, self._results[1:], strict=False):
            self._values.wide(name).copy_(logits.detach())
        if isinstance(self._module, DecoderModule):
            self.mean.copy_(self._results[1].detach().mT)
            self.log_variance.copy_(self._results[2].detach().mT)

    def backward(
        self, group: int, divergence: Divergence | None, share: Tensor | None, last: bool, exits: bool = False
    ) -> None:
        """Add to the gradients of the sources and note those of the parameters.

        ``divergence`` weighs ``share`` in what the group follows; ``last`` frees the graph; ``exits`` says that the
        group follows those too.
        """
        above = [self._values.gradient(self._name).mT.reshape(self._results[0].shape)]
        if exits:
            above += [self._values.wide_gradient(name) for name in self._exits]
        if divergence is not None and share is not None:
            above += [(divergence.mean * share).mT, (0.5 * divergence.excess * share).mT]
        wanted = {source: leaf for source, leaf in self._leaves.items() if leaf.requires_grad}
        below = _gradients(self._results, [*wanted.values(), *self.parameters.values()], above, retain=not last)
        for source, gradient in zip(wanted, below[: len(wanted)], strict=True):
            if gradient is not None:
                self._values.gradient(source).add_(gradient.flatten(1).mT)
        self.gradients[group] = dict(zip(self.parameters, below[len(wanted) :], strict=True))

    def _computed(self) -> list[Tensor]:
        """Return the value, and a decoder's mean and log-variance or else exits, in the precision of the plan."""
        dtype = self._values.arena.dtype
        if self._exits and isinstance(self._module, NetworkModule):
            value, exits = self._module.with_exits(self._leaves)
            return [each.to(dtype) for each in (value, *exits)]
        if not isinstance(self._module, DecoderModule) or self._noise is None:
            return [self._module(self._leaves).to(dtype)]
        mean, log_variance = (each.to(dtype) for each in self._module.encode(self._leaves))
        latent = torch.addcmul(mean, (0.5 * log_variance).exp(), self._noise)
        return [self._module.decode(latent).to(dtype), mean, log_variance]

    def _leaf(self, source: str, shape: Shape) -> Tensor:
        value = self._values.forward(source).mT.reshape(-1, *shape)
        return value if source in self._inputs else value.detach().clone().requires_grad_()


def _gradients(
    results: Sequence[Tensor], leaves: Sequence[Tensor], above: Sequence[Tensor], retain: bool
) -> tuple[Tensor | None, ...]:
    """Return the gradient of each leaf; None for those that no result depends on, which may be all of them."""
    pairs = [(result, gradient) for result, gradient in zip(results, above, strict=False) if result.requires_grad]
    if not pairs or not leaves:
        return (None,) * len(leaves)
    dependent, given = zip(*pairs, strict=True)
    return torch.autograd.grad(dependent, leaves, given, retain_graph=retain, allow_unused=True)

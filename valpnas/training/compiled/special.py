"""Special nodes of a plan: decoders' draws with their divergences, and foreign networks."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from valpnas.graph.tasks import Generation
from valpnas.networks.module import prefix_of
from valpnas.training.compiled.calls import Calls, partial
from valpnas.training.compiled.foreign import ForeignNetwork
from valpnas.training.compiled.latents import Divergence, Draw, plan_divergence
from valpnas.training.compiled.memory import Memory
from valpnas.training.compiled.nodes import Foreign, Latent
from valpnas.training.compiled.weighing import Weighing
from valpnas.training.objectives import Losses


class Special:
    """Plans every node that is not affine; ``foreign`` are the networks that run through autograd."""

    def __init__(self, memory: Memory, losses: Losses, weighing: Weighing, precision: str = "float32") -> None:
        """Plan draws, foreign networks and divergences; ``precision`` is that of foreign networks' products.

        Raises:
            ValueError: several models with foreign networks.
        """
        self._memory, self._scales, self._weighing, self._precision = memory, losses.scales, weighing, precision
        self._draws = {node: self._draw(node) for node in memory.nodes if isinstance(node, Latent)}
        names = [node.name for node in memory.nodes if isinstance(node, Foreign)]
        if names and len(memory.models) > 1:
            raise ValueError(f"expected networks with formulas, got {', '.join(names)}; compile each model alone")
        self.foreign = {name: self._foreign_network(name) for name in names}
        posteriors = {node.component: (draw.mean, draw.log_variance) for node, draw in self._draws.items()}
        posteriors |= {name: (network.mean, network.log_variance) for name, network in self.foreign.items()}
        self._divergences = {
            decoder: plan_divergence(*posteriors[decoder], shares, memory.sums)
            for decoder, shares in self._shares(memory.outputs).items()
        }

    def forward(self) -> dict[str, Calls]:
        """Return the calls of each node."""
        found = {node.name: [*draw.forward, *self._diverging(node.component)] for node, draw in self._draws.items()}
        return found | {name: [n.forward, *self._diverging(name)] for name, n in self.foreign.items()}

    def backward(self, group: int) -> dict[str, Calls]:
        """Return the calls of each node in the backward pass of an optimiser group."""
        memory, found = self._memory, dict[str, Calls]()
        weights = {d: self._weighing.share(parts) for d, parts in self._shares(memory.groups[group].outputs).items()}
        for node, draw in self._draws.items():
            divergence, weight = self._followed(node.component, weights)
            found[node.name] = draw.backward(divergence, weight)
        for name, network in self.foreign.items():
            divergence, weight = self._followed(name, weights)
            last = memory.moved_by(name)[-1] == group
            exits = self._answers(name, memory.groups[group].outputs)
            found[name] = [partial(network.backward, group, divergence, weight, last, exits)]
        return found

    def _answers(self, network: str, outputs: Iterable[str]) -> bool:
        """Say whether exits of ``network`` are part of the losses of ``outputs``."""
        shares = self._memory.module.loss_shares
        return any(each.network == network for output in outputs for each in shares[output].exits)

    def _followed(self, decoder: str, weights: dict[str, Tensor]) -> tuple[Divergence | None, Tensor | None]:
        """Return a divergence and its weight where the group follows it."""
        return (self._divergences[decoder], weights[decoder]) if decoder in weights else (None, None)

    def _diverging(self, component: str) -> Calls:
        return self._divergences[component].calls if component in self._divergences else []

    def _shares(self, outputs: Iterable[str]) -> dict[str, dict[int, float]]:
        """Return, for each decoder that an output is drawn from, what its divergence adds to each loss."""
        found: dict[str, dict[int, float]] = {}
        for output in outputs:
            task = self._memory.valp.tasks[output]
            if isinstance(task, Generation):
                share = 1 / (self._scales[output] * self._memory.batch.size * task.width)
                for decoder in self._memory.module.last_decoders[output]:
                    found.setdefault(decoder, {})[self._memory.outputs[output]] = share
        return found

    def _draw(self, node: Latent) -> Draw:
        values = self._memory.values
        return Draw(
            mean=values.forward(node.mean),
            raw=values.forward(node.log_variance),
            latent=values.forward(node.name),
            noise=self._memory.noise.drawn[node.component].mT,
            by_mean=values.gradient(node.mean),
            by_raw=values.gradient(node.log_variance),
            by_latent=values.gradient(node.name),
        )

    def _foreign_network(self, name: str) -> ForeignNetwork:
        memory = self._memory
        module, prefix, (model,) = memory.module.networks[name], prefix_of(memory.valp, name), memory.models
        state = {
            tensor.removeprefix(prefix): value.to(memory.like.device, copy=True)
            for tensor, value in {**model.weights, **model.buffers}.items()
            if tensor.startswith(prefix)
        }
        module.load_state_dict(state, assign=True)
        # Convolutions are fastest when the channels of a place lie together; maps follow the weights' order.
        module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs leave it out
        module.requires_grad_(True).train()
        sources = {source: memory.valp.shape(source) for source in memory.valp.sources(name)}
        inputs = frozenset(vertex.name for vertex in memory.valp.inputs)
        noise = memory.noise.drawn.get(name)
        exits = memory.exits.get(name, [])
        return ForeignNetwork(name, module, sources, inputs, memory.values, noise, exits, self._precision)

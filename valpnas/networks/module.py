"""ValpModule: the torch module of a whole VALP, and its way from and to a Model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from valpnas.catalog import network_kind
from valpnas.contracts.model import Model
from valpnas.contracts.network_kind import DecoderModule, NetworkModule, PathDropper, Source
from valpnas.graph.exits import loss_shares
from valpnas.graph.subgraphs import last_decoders
from valpnas.graph.valp import Valp
from valpnas.networks.containers import Named
from valpnas.networks.head import Head
from valpnas.seeding import torch_stream

Noise = Mapping[str, Tensor]  # standard normal draws by decoder, (n, latent)


@dataclass
class Forward:
    """What a forward pass computed: every component's value, and each decoder's mean and log-variance.

    In training mode also the logits of classifiers inside networks, ``exits``.
    """

    values: dict[str, Tensor] = field(default_factory=dict)
    latents: dict[str, tuple[Tensor, Tensor]] = field(default_factory=dict)
    exits: dict[str, list[Tensor]] = field(default_factory=dict)


class ValpModule(nn.Module):
    """A VALP as a torch module. Outputs are logits (see each task); parameters come uninitialised."""

    def __init__(self, valp: Valp) -> None:
        """Build every sub-network and head."""
        super().__init__()
        self.valp = valp
        kinds = {n.id: network_kind(n.spec.kind) for n in valp.networks}
        self.networks = Named({n.id: kinds[n.id].build(n.spec, sources_of(valp, n.id)) for n in valp.networks})
        self.outputs = Named({o.name: Head(o.task.width, sources_of(valp, o.name)) for o in valp.outputs})
        self.last_decoders = {output: last_decoders(valp, output) for output in valp.tasks}
        self.loss_shares = {output: loss_shares(valp, output) for output in valp.tasks}
        self._with_exits = {each.network for shares in self.loss_shares.values() for each in shares.exits}
        self._order = [*valp.order, *valp.tasks]
        self._sources = {name: valp.sources(name) for name in self._order}
        self._modules_by_name = {**dict(self.networks.items()), **dict(self.outputs.items())}

    def forward(self, inputs: Mapping[str, Tensor], noise: Noise | None = None) -> Forward:
        """Compute every component's value from the inputs, ``(n, *shape)`` each.

        Args:
            inputs: values by input name.
            noise: decoders named here draw their latent from the posterior with this noise (training);
                the others pass on their posterior mean (prediction).
        """
        result = Forward(values=dict(inputs))
        self.recompute(result, self._order, noise or {})
        return result

    def recompute(self, result: Forward, components: Sequence[str], noise: Noise) -> None:
        """Compute ``components`` again in ``result``, whose other values stand; they must be in topological order."""
        for name in components:
            result.values[name] = self._value(name, result, noise)

    def _value(self, name: str, result: Forward, noise: Noise) -> Tensor:
        module = self._modules_by_name[name]
        sources = {source: result.values[source] for source in self._sources[name]}
        if self.training and name in self._with_exits:
            value, result.exits[name] = cast(NetworkModule, module).with_exits(sources)
            return value
        if not isinstance(module, DecoderModule):
            return cast(Tensor, module(sources))
        mean, log_variance = module.encode(sources)
        result.latents[name] = (mean, log_variance)
        latent = mean if name not in noise else torch.addcmul(mean, (0.5 * log_variance).exp(), noise[name])
        return module.decode(latent)

    def sample(self, output: str, noise: Noise) -> Tensor:
        """Return the logits of ``output`` for draws that its last decoders make of ``noise``; no input is read.

        Source: design section 3 - a sample depends on prior draws alone, because every path to a generation
        output passes a decoder.
        """
        result = Forward()
        wanted = self.valp.ancestors(output) | {output}
        for name in self._order:
            if name in noise:
                decoder = cast(DecoderModule, self._modules_by_name[name])
                result.values[name] = decoder.decode(decoder.draw(noise[name]))
            elif name in wanted and all(source in result.values for source in self._sources[name]):
                result.values[name] = self._value(name, result, {})
        return result.values[output]

    def log_prior(self, decoder: str, latents: Tensor) -> Tensor:
        """Return the log density, ``(n,)``, of what the samples of ``decoder`` are drawn from, at ``latents``."""
        return cast(DecoderModule, self._modules_by_name[decoder]).log_prior(latents)

    def drop_paths(self, drop: PathDropper) -> None:
        """Have every sub-network that has paths ask ``drop`` in training which to leave out."""
        for module in self.networks.values():
            if isinstance(module, NetworkModule):
                module.drop_paths(drop)

    def latent_sizes(self) -> dict[str, int]:
        """Return the size of each decoder's latent."""
        return {
            name: module.latent for name, module in self._modules_by_name.items() if isinstance(module, DecoderModule)
        }


def sources_of(valp: Valp, target: str) -> dict[str, Source]:
    """Return what a receiver needs to know of its sources, in canonical order."""
    return {arc.source: Source(valp.shape(arc.source), arc.identity) for arc in valp.arcs_into(target)}


def load_module(model: Model) -> ValpModule:
    """Return a torch module with the model's weights and buffers (shared, not copied)."""
    module = ValpModule(model.valp)
    module.load_state_dict({**model.weights, **model.buffers}, strict=True, assign=True)
    return module.requires_grad_(True)


def count_parameters(valp: Valp) -> int:
    """Return the number of trainable weights of ``valp``, whose tensors are not made."""
    with torch.device("meta"):  # shapes without memory
        return sum(weight.numel() for weight in ValpModule(valp).parameters())


def multiply_adds_of(model: Model) -> dict[str, int]:
    """Return the multiply-adds of one row, forward, by sub-network and output."""
    valp = model.valp
    networks = {n.id: network_kind(n.spec.kind).multiply_adds(n.spec, sources_of(valp, n.id)) for n in valp.networks}
    heads = dict.fromkeys(valp.tasks, 0)
    for name, weight in model.weights.items():
        if name.startswith("outputs.") and weight.dim() == 2:
            heads[component_of(name)] += weight.numel()
    return {**networks, **heads}


def component_of(tensor: str) -> str:
    """Return the sub-network or output that a tensor of the module belongs to."""
    return tensor.split(".", 2)[1]


def fresh_component(
    valp: Valp, component: str, rng: np.random.Generator
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Return newly initialised weights and buffers of one component, named relative to it."""
    module = _build(valp, component)
    _initialise(valp, component, module, torch_stream(rng))
    weights = {name: parameter.detach() for name, parameter in module.named_parameters()}
    return weights, dict(module.named_buffers())


def _build(valp: Valp, component: str) -> nn.Module:
    sources = sources_of(valp, component)
    if component in valp.tasks:
        return Head(valp.tasks[component].width, sources)
    spec = valp.specs[component]
    return network_kind(spec.kind).build(spec, sources)


def _initialise(valp: Valp, component: str, module: nn.Module, generator: torch.Generator) -> None:
    if isinstance(module, Head):
        module.initialise(generator)
    else:
        network_kind(valp.specs[component].kind).initialise(cast(NetworkModule, module), generator)


def fresh_model(valp: Valp, rng: np.random.Generator) -> Model:
    """Return a newly initialised model of ``valp``; each component draws from ``rng`` in canonical order."""
    weights: dict[str, Tensor] = {}
    buffers: dict[str, Tensor] = {}
    for name in [*(n.id for n in valp.networks), *valp.tasks]:
        prefix = prefix_of(valp, name)
        fresh, fresh_buffers = fresh_component(valp, name, rng)
        weights |= {prefix + tensor: value for tensor, value in fresh.items()}
        buffers |= {prefix + tensor: value for tensor, value in fresh_buffers.items()}
    return Model(valp, weights, buffers, ages={n.id: 0 for n in valp.networks})


def prefix_of(valp: Valp, component: str) -> str:
    """Return what the names of a component's tensors begin with."""
    return f"outputs.{component}." if component in valp.tasks else f"networks.{component}."

"""Probes: random batches and noise for any VALP, and the ways in which a model is asked what it computes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from valpnas.contracts.model import Model
from valpnas.graph.tasks import Generation
from valpnas.graph.valp import Valp
from valpnas.networks.module import ValpModule, load_module
from valpnas.seeding import torch_stream

_SAMPLE = "sample of "  # and the output


@dataclass(frozen=True, eq=False)
class Probe:
    """A batch of inputs ``(n, *shape)``, a target per output ``(n, width)``, and a seed for the decoders' noise."""

    inputs: Mapping[str, Tensor]
    targets: Mapping[str, Tensor]
    seed: int

    @staticmethod
    def draw(valp: Valp, rng: np.random.Generator, rows: int = 16) -> Probe:
        """Draw standard normal inputs and targets."""
        generator = torch_stream(rng)
        inputs = {vertex.name: torch.randn((rows, *vertex.shape), generator=generator) for vertex in valp.inputs}
        targets = {name: torch.randn((rows, task.width), generator=generator) for name, task in valp.tasks.items()}
        return Probe(inputs, targets, int(rng.integers(2**31)))

    def like(self, tensor: Tensor) -> Probe:
        """Return the probe in the floating type and on the device of ``tensor``."""
        inputs = {name: value.to(tensor) for name, value in self.inputs.items()}
        return replace(self, inputs=inputs, targets={name: value.to(tensor) for name, value in self.targets.items()})

    def noise(self, module: ValpModule) -> dict[str, Tensor]:
        """Draw standard normal noise per decoder, ``(n, latent)``; the same for a decoder of any model."""
        value = next(iter(self.inputs.values()))
        return {
            decoder: _normal((len(value), size), self.seed, decoder).to(value)
            for decoder, size in module.latent_sizes().items()
        }


def _normal(shape: tuple[int, ...], seed: int, name: str) -> Tensor:
    return torch.as_tensor(np.random.default_rng([seed, *name.encode()]).standard_normal(shape))


def answers(model: Model, probe: Probe) -> dict[str, Tensor]:
    """Return every number a user can get from ``model``, in evaluation mode, by what it is.

    Predictions at the decoders' posterior means, predictions with posterior noise, and samples of generation outputs
    from latents alone.
    """
    module = load_module(model).eval()
    probe = probe.like(next(iter(model.weights.values())))
    noise = probe.noise(module)
    with torch.no_grad():
        mean, noisy = module(probe.inputs).values, module(probe.inputs, noise).values
        found = {f"prediction of {output}": mean[output] for output in model.valp.tasks}
        found |= {f"noisy prediction of {output}": noisy[output] for output in model.valp.tasks}
        generated = [name for name, task in model.valp.tasks.items() if isinstance(task, Generation)]
        return found | {_SAMPLE + output: module.sample(output, noise) for output in generated}


def is_sample(what: str) -> bool:
    """Say whether the answer called ``what`` holds samples."""
    return what.startswith(_SAMPLE)


def smooth_losses(module: ValpModule, probe: Probe) -> dict[str, Tensor]:
    """Return each output's mean squared distance of the logits to the probe's targets, with posterior noise.

    One smooth loss for all tasks: what matters here is that gradients flow, not what is learned.
    """
    values = module(probe.inputs, probe.noise(module)).values
    return {name: (values[name] - target).square().mean() for name, target in probe.targets.items()}


def in_double(model: Model) -> Model:
    """Return a copy of ``model`` that computes in float64; its optimiser state stays behind."""
    weights = {name: tensor.double() for name, tensor in model.weights.items()}
    buffers = {name: b.double() if b.is_floating_point() else b.clone() for name, b in model.buffers.items()}
    return replace(model, weights=weights, buffers=buffers, optimiser={})

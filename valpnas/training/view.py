"""The ModelView handed to diagnostics: a model on the held-out diagnostic rows, recomputed only where needed."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property

import numpy as np
import torch
from torch import Tensor
from torch.nn import Parameter

from valpnas.contracts.model import Model
from valpnas.graph.subgraphs import output_subgraph
from valpnas.graph.valp import Valp
from valpnas.networks.module import Forward, component_of, load_module, prefix_of
from valpnas.training.data import Prepared
from valpnas.training.objectives import Losses

NOTHING: Mapping[str, float] = {}
NO_PEERS: Mapping[int, Mapping[str, float]] = {}

_ROWS = 400  # held-out rows looked at: enough to tell 1.2 from 1, cheap enough to look at every step
_LATENTS = 4000  # of which latents are looked at: what is fitted to them takes more than a mean does


class HeldOutView:
    """Implements ``contracts.diagnostic.ModelView`` for one model."""

    def __init__(
        self,
        model: Model,
        prepared: Prepared,
        losses: Losses,
        candidate: int = -1,
        objectives: Mapping[str, float] = NOTHING,
        peers: Mapping[int, Mapping[str, float]] = NO_PEERS,
    ) -> None:
        """Look at ``model`` through rows spread evenly over the problem's diagnostic part, whatever its order.

        ``candidate`` is the model's number, ``objectives`` its own on validation rows, ``peers`` those of other
        candidates by number.
        """
        self._model, self._losses = model, losses
        self.candidate, self.objectives, self.peers = candidate, objectives, peers
        part, device = prepared.parts["diagnostic"], prepared.device
        self._part, rows = part, _spread(_ROWS, len(part), device)
        self.inputs: Mapping[str, Tensor] = {name: value[rows] for name, value in part.inputs.items()}
        self.targets: Mapping[str, Tensor] = {name: value[rows] for name, value in part.targets.items()}
        self._device, self._module = device, load_module(model).to(device).eval()

    @property
    def valp(self) -> Valp:
        """The structure looked at."""
        return self._model.valp

    @property
    def ages(self) -> Mapping[str, int]:
        """Batches each sub-network has been trained since it was made."""
        return self._model.ages

    @cached_property
    def histories(self) -> Mapping[str, np.ndarray]:
        """Training loss per batch of each output, ``(batches,)``."""
        return {name: history.numpy() for name, history in self._model.histories.items()}

    @property
    def changed_at(self) -> int:
        """Index in the histories at which the structure last changed."""
        return self._model.changed_at

    @property
    def disturbed_at(self) -> int:
        """Index in the histories at which a change last altered the function or the training."""
        return self._model.disturbed_at

    def losses(self) -> Mapping[str, float]:
        """Loss of each output as the model is."""
        return dict(self._losses_before)

    def value(self, component: str) -> Tensor:
        """What an input or sub-network emits on the held-out rows."""
        return self._forward.values[component]

    def latent(self, decoder: str) -> tuple[Tensor, Tensor]:
        """Posterior means and log-variances of a decoder on most rows of the diagnostic part."""
        return self._latents[decoder]

    def log_prior(self, decoder: str, latents: Tensor) -> Tensor:
        """Log density of what a decoder's samples are drawn from."""
        return self._module.log_prior(decoder, latents)

    def tensors(self, component: str) -> Mapping[str, Tensor]:
        """The trained weights of a component, named relative to it."""
        return {name: weight.detach() for name, weight in self._weights[component].items()}

    @torch.no_grad()
    def losses_with_tensors(self, component: str, tensors: Mapping[str, Tensor]) -> Mapping[str, float]:
        """Losses when ``component`` has other weights."""
        result = self._copy()
        with self._replaced(component, tensors):
            self._module.recompute(result, [component], {})
        return self._losses_below(result, component)

    @torch.no_grad()
    def losses_with_value(self, component: str, value: Tensor) -> Mapping[str, float]:
        """Losses when ``component`` emits ``value``."""
        result = self._copy()
        result.values[component] = value
        return self._losses_below(result, component)

    def gradients(self, output: str) -> Mapping[str, Tensor]:
        """Gradient of one output's held-out loss by every weight that can alter it."""
        reached = output_subgraph(self.valp, output) | {output}
        named = {n: p for n, p in self._module.named_parameters() if component_of(n) in reached}
        loss = self._losses(self._module, self._module(self.inputs), self.targets)[output]
        # At the posterior mean nothing hears a decoder's log-variance: unless it generates, that has no gradient.
        found: tuple[Tensor | None, ...] = torch.autograd.grad(loss, list(named.values()), allow_unused=True)
        return {name: gradient for name, gradient in zip(named, found, strict=True) if gradient is not None}

    @cached_property
    def _weights(self) -> dict[str, dict[str, Parameter]]:
        """Weights by component and by their name in it; torch takes as long to list them as to use them."""
        found: dict[str, dict[str, Parameter]] = {name: {} for name in (*self.valp.specs, *self.valp.tasks)}
        for name, weight in self._module.named_parameters():
            component = component_of(name)
            found[component][name.removeprefix(prefix_of(self.valp, component))] = weight
        return found

    @cached_property
    def _latents(self) -> Mapping[str, tuple[Tensor, Tensor]]:
        """Those of every decoder, in chunks: a network of cells has maps of every row."""
        inputs, chunks = self._part.inputs, _spread(_LATENTS, len(self._part), self._device).split(_ROWS)
        with torch.no_grad():
            found = [self._module({name: value[rows] for name, value in inputs.items()}).latents for rows in chunks]
        parts = {name: [chunk[name] for chunk in found] for name in found[0]}
        return {
            name: (torch.cat([m for m, _ in each]), torch.cat([v for _, v in each])) for name, each in parts.items()
        }

    @cached_property
    def _forward(self) -> Forward:
        with torch.no_grad():
            result: Forward = self._module(self.inputs)
        return result

    def _copy(self) -> Forward:
        return Forward(dict(self._forward.values), dict(self._forward.latents))

    @contextmanager
    def _replaced(self, component: str, tensors: Mapping[str, Tensor]) -> Iterator[None]:
        """Swap weights for a while; not by torch's functional_call, to which a source called "half" is a method."""
        weights = self._weights[component]
        trained = {name: weights[name].data for name in tensors}
        try:
            for name, tensor in tensors.items():
                weights[name].data = tensor
            yield
        finally:
            for name, tensor in trained.items():
                weights[name].data = tensor

    @cached_property
    def _losses_before(self) -> dict[str, float]:
        return self._loss_values(self._forward, self.valp.tasks)

    def _losses_below(self, result: Forward, component: str) -> dict[str, float]:
        """Compute what ``component`` can alter again; the losses of all other outputs stand."""
        below = self.valp.descendants(component) | {component}
        order = [name for name in (*self.valp.order, *self.valp.tasks) if name in below and name != component]
        self._module.recompute(result, order, {})
        return {**self._losses_before, **self._loss_values(result, below)}

    def _loss_values(self, result: Forward, outputs: Container[str]) -> dict[str, float]:
        with torch.no_grad():
            losses = self._losses(self._module, result, self.targets, outputs)
        if not losses:  # an input that nothing hears alters no output
            return {}
        return dict(zip(losses, torch.stack(list(losses.values())).tolist(), strict=True))


def _spread(count: int, rows: int, device: torch.device) -> Tensor:
    """Return ``count`` numbers of rows, or all, spread evenly over so many."""
    return torch.arange(min(count, rows), device=device) * rows // min(count, rows)

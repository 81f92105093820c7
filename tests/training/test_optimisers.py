"""Optimisers: a gradient that lies in memory otherwise than its weight moves the entries that it is of."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from valpnas.graph.optimiser_groups import optimiser_groups
from valpnas.graph.valp import ALGORITHMS
from valpnas.networks.module import load_module
from valpnas.training.optimisers import GroupOptimiser

from .toy_data import toy_model, toy_prepared, with_algorithm

PREPARED = toy_prepared()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_strides_of_a_gradient_do_not_matter(algorithm: str) -> None:
    """Fused kernels look at none."""
    model, moved = with_algorithm(toy_model(PREPARED), algorithm, 1e-2), []
    (group,) = optimiser_groups(model.valp)
    for transposed in (False, True):
        own = replace(model, weights={name: weight.clone() for name, weight in model.weights.items()})
        module = load_module(own).requires_grad_(True)
        optimiser = GroupOptimiser(group, module, {})
        generator = torch.Generator().manual_seed(0)
        for _ in range(3):
            gradients = tuple(torch.randn(p.shape, generator=generator) for p in optimiser.parameters)
            turned = tuple(g.T.contiguous().T if g.dim() == 2 else g for g in gradients)
            optimiser.set_gradients(turned if transposed else gradients)
            optimiser.step(1.0)
        moved.append({name: p.detach().clone() for name, p in optimiser.named.items()})
    assert all(torch.equal(value, moved[1][name]) for name, value in moved[0].items())

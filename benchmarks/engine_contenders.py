"""Contenders of the engine benchmark: ways to train one VALP, or sixteen, and the floor below all of them.

Each is a function from a case to a function that trains so many batches; state goes on from call to call.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor

from valpnas import catalog
from valpnas.contracts.model import Model
from valpnas.contracts.problem import Reader
from valpnas.contracts.protocol import Protocol, Schedule
from valpnas.contracts.space import Space
from valpnas.graph.valp import Valp
from valpnas.graph.valp_json import valp_from_json
from valpnas.networks.module import ValpModule, fresh_model
from valpnas.networks.random_valp import random_valp
from valpnas.seeding import stream
from valpnas.training.balancing.fixed import Sum
from valpnas.training.clock import BatchClock
from valpnas.training.compiled.compile import compile_phase
from valpnas.training.data import Prepared, prepare
from valpnas.training.objectives import Losses, constant_losses
from valpnas.training.phase import batch_rows

VALPS = Path(__file__).parent / "valps"
MANY = 16
PHASE = 8192  # batches that a plan is made for: more than a measurement takes
RATE = 3e-3
# Of what ``different`` draws; valps/*.json were drawn alike (digits-6 from the first), once.
SPACES = {"digits": Space(min_width=16, max_width=64), "fashion-mnist": Space()}
Batches = Callable[[int], None]


@dataclass(frozen=True)
class Case:
    """A committed VALP with its problem's data on a device."""

    name: str
    batch_size: int
    device: torch.device

    @property
    def has_cells(self) -> bool:
        """Whether there is a network of cells: its convolutions are in no floor, and no fit by Keras is written."""
        return any(network.spec.kind == "cell" for network in self.valp.networks)

    @property
    def problem(self) -> str:
        """Name of the problem."""
        return self.name.rpartition("-")[0]

    @cached_property
    def valp(self) -> Valp:
        """The VALP."""
        data = json.loads((VALPS / f"{self.name}.json").read_text())
        return replace(valp_from_json(data, catalog.read_spec), batch_size=self.batch_size)

    @cached_property
    def prepared(self) -> Prepared:
        """The data."""
        folder = os.environ.get("VALPNAS_DATA", "")
        return prepare(catalog.problem(self.problem), Reader(Path(folder) if folder else None), self.device)

    @cached_property
    def losses(self) -> Losses:
        """What is trained."""
        outputs = {output.name: output.task for output in self.prepared.problem.outputs}
        return constant_losses(outputs, self.prepared.train)

    def same(self, count: int) -> list[Model]:
        """Return models of the VALP with weights of their own."""
        return [fresh_model(self.valp, stream(number, "weights")) for number in range(count)]

    def different(self, count: int) -> list[Model]:
        """Return models of different VALPs with as many sub-networks."""
        problem, networks = self.prepared.problem, len(self.valp.networks)
        found = []
        for number in range(count):
            rng = stream(number, "different", self.name)
            space = SPACES[self.problem]
            size = (networks, networks)
            valp = random_valp(problem.inputs, problem.outputs, space, rng, size, batch_size=self.batch_size)
            found.append(fresh_model(valp, rng))
        return found

    def generator(self) -> torch.Generator:
        """Return a new random stream."""
        return torch.Generator(device=self.device).manual_seed(0)


def eager(case: Case, models: list[Model], fused: bool) -> Batches:
    """Train with autograd, indexing each batch, one model after the other."""
    runs = [_eager(case, model, fused) for model in models]

    def train(batches: int) -> None:
        for run in runs:
            run(batches)

    return train


def _eager(case: Case, model: Model, fused: bool) -> Batches:
    module, part, generator = ValpModule(model.valp), case.prepared.train, case.generator()
    tensors = {**model.weights, **model.buffers}
    module.load_state_dict({name: tensor.to(case.device, copy=True) for name, tensor in tensors.items()}, assign=True)
    module.requires_grad_(True).train()
    optimiser = torch.optim.Adam(module.parameters(), lr=RATE, fused=True if fused else None)
    latents = module.latent_sizes()

    def train(batches: int) -> None:
        for rows in batch_rows(len(part), batches, model.valp.batch_size, generator):
            inputs = {name: value[rows] for name, value in part.inputs.items()}
            targets = {name: value[rows] for name, value in part.targets.items()}
            noise = {
                name: torch.randn(len(rows), size, generator=generator, device=case.device)
                for name, size in latents.items()
            }
            optimiser.zero_grad()
            torch.stack(list(case.losses(module, module(inputs, noise), targets).values())).sum().backward()
            optimiser.step()

    return train


def compiled(case: Case, models: list[Model]) -> Batches:
    """Train by one plan, several models side by side."""
    generators = [case.generator() for _ in models]
    protocol = Protocol(PHASE, Schedule("constant"))
    plan = compile_phase(models, case.prepared.train, case.losses, Sum(), protocol, generators)
    record = torch.zeros(PHASE, len(models), len(models[0].valp.outputs), device=case.device)
    advance, numbers = plan.advance(record, BatchClock()), iter(range(PHASE))

    @torch.no_grad()
    def train(batches: int) -> None:
        for _ in range(batches):
            advance(next(numbers))

    return train


def compiled_apart(case: Case, models: list[Model]) -> Batches:
    """Train by a plan for each model, one after the other."""
    runs = [compiled(case, [model]) for model in models]

    def train(batches: int) -> None:
        for run in runs:
            run(batches)

    return train


def floor(case: Case, models: list[Model]) -> Batches:
    """Do nothing but the matrix products, each alone: forward, by weights, and by all values that are no inputs."""
    products = [product for model in models for product in _products(case, model)]

    @torch.no_grad()
    def train(batches: int) -> None:
        for _ in range(batches):
            for value, weight, above, gradient, below in products:
                torch.mm(value, weight, out=above)
                torch.mm(value.t(), above, out=gradient)
                if below is not None:
                    torch.mm(above, weight.t(), out=below)

    return train


def _products(case: Case, model: Model) -> list[tuple[Tensor, Tensor, Tensor, Tensor, Tensor | None]]:
    """Return, for each matrix of a model, its value, itself, and where the products go."""
    rows, inputs = model.valp.batch_size, {vertex.name for vertex in model.valp.inputs}
    found = []
    for name, weight in model.weights.items():
        if weight.dim() == 2:
            (height, width), device = weight.shape, case.device
            parts = name.split(".")
            is_input = "sources" in parts and parts[parts.index("sources") + 1] in inputs
            value = torch.randn(rows, height, device=device)
            made = torch.empty(rows, width, device=device), torch.empty(height, width, device=device)
            below = None if is_input else torch.empty(rows, height, device=device)
            found.append((value, weight.to(device).contiguous(), *made, below))
    return found

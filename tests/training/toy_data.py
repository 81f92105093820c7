"""Small problems of random data for tests: any inputs, any of the four tasks, or those of a given VALP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from valpnas.contracts.model import Model
from valpnas.contracts.problem import Array, Part, Parts, Problem, Reader
from valpnas.contracts.space import Space
from valpnas.graph.tasks import Classification, Distribution, Generation, Regression, Task
from valpnas.graph.valp import Input, Output, OutputTraining, Valp
from valpnas.networks.module import fresh_model
from valpnas.networks.random_valp import random_valp
from valpnas.seeding import stream
from valpnas.training.data import Prepared, prepare
from valpnas.training.evaluation import Evaluator
from valpnas.training.objectives import Losses, constant_losses

SMALL = Space(min_width=3, max_width=6, min_latent=2, max_latent=3)
DENSE = Space(("dense",), min_width=3, max_width=6)  # no decoders: training draws no noise
INPUTS = (Input("picture", (1, 3, 3), "image"), Input("table", (4,)))
OUTPUTS = (
    Output("drawn", Generation((1, 3, 3))),
    Output("kind", Classification(3)),
    Output("number", Regression(2)),
    Output("shares", Distribution(4)),
)


def toy_problem(
    seed: int = 0, rows: int = 160, inputs: Sequence[Input] = INPUTS, outputs: Sequence[Output] = OUTPUTS
) -> Problem:
    """A problem whose targets depend on its inputs, so that training can learn something."""
    rng = np.random.default_rng(seed)
    data = {vertex.name: _values(vertex, rows, rng) for vertex in inputs}
    mixed = np.concatenate([value.astype(np.float64).reshape(rows, -1) for value in data.values()], axis=1)
    targets = {output.name: _target(output.task, mixed, rng) for output in outputs}
    parts = Parts.split(Part(data, targets), seed=0, shares=(0.5, 0.2, 0.15, 0.15))
    return Problem.from_parts("toy", "random data", inputs, outputs, parts)


def _values(vertex: Input, rows: int, rng: np.random.Generator) -> Array:
    if vertex.kind == "image":
        return rng.random((rows, *vertex.shape)).astype(np.float32)
    return (3 + 5 * rng.standard_normal((rows, *vertex.shape))).astype(np.float32)


def _target(task: Task, mixed: NDArray[np.float64], rng: np.random.Generator) -> Array:
    scores: NDArray[np.float64] = mixed @ rng.standard_normal((mixed.shape[1], task.width)) / np.sqrt(mixed.shape[1])
    target: Array
    if isinstance(task, Classification):
        # The first rows hold one of each class, so that none is missing.
        target = np.where(np.arange(len(mixed)) < task.classes, np.arange(len(mixed)), scores.argmax(axis=1))
    elif isinstance(task, Regression):
        target = (100 + 7 * scores).astype(np.float32)
    elif isinstance(task, Distribution):
        shares = np.exp(scores - scores.max(axis=1, keepdims=True))
        target = (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32)
    else:
        contrast = 1 / (1 + np.exp(-8 * (scores - scores.mean(axis=0))))
        target = contrast.astype(np.float32).reshape(-1, *task.shape)
    return target


def toy_prepared(seed: int = 0, rows: int = 160, outputs: Sequence[Output] = OUTPUTS) -> Prepared:
    """The toy problem on the CPU."""
    return on_cpu(toy_problem(seed, rows, outputs=outputs))


def prepared_for(valp: Valp, seed: int, rows: int = 60) -> Prepared:
    """Random data for the inputs and outputs of ``valp``."""
    return on_cpu(toy_problem(seed, rows, valp.inputs, valp.outputs))


def on_cpu(problem: Problem) -> Prepared:
    """Prepare an in-memory problem."""
    return prepare(problem, Reader(), torch.device("cpu"))


def losses_of(prepared: Prepared) -> Losses:
    """The problem's losses, scaled by its constant predictor."""
    return constant_losses({output.name: output.task for output in prepared.problem.outputs}, prepared.train)


def evaluator_of(prepared: Prepared) -> Evaluator:
    """What scores models of the problem."""
    return Evaluator.fit(prepared, losses_of(prepared))


def toy_model(
    prepared: Prepared, seed: int = 0, batch_size: int = 20, space: Space = SMALL, rates: Mapping[str, float] = {}
) -> Model:
    """A newly initialised small model; ``rates`` are learning rates of single outputs."""
    rng = stream(seed, "toy model")
    problem = prepared.problem
    training = {o.name: OutputTraining(rates.get(o.name, 3e-3)) for o in problem.outputs}
    valp = random_valp(problem.inputs, problem.outputs, space, rng, training=training, batch_size=batch_size)
    return fresh_model(valp, rng)


def with_algorithm(model: Model, algorithm: str, rate: float = 3e-3) -> Model:
    """The same untrained model, every output driven by ``algorithm``."""
    how = tuple(OutputTraining(rate, algorithm) for _ in model.valp.outputs)
    return replace(model, valp=replace(model.valp, training=how))

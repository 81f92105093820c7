"""Starts: the model a search begins with - drawn at random, made by hand, of one cell, or read from a file."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from valpnas.cells.macro import Macro
from valpnas.cells.text import read_cell
from valpnas.config import CellStack
from valpnas.contracts.problem import Problem
from valpnas.contracts.space import Space
from valpnas.errors import ConfigError
from valpnas.graph.validity import check_same_outputs, validate
from valpnas.graph.valp import Arc, OutputTraining, SubNetwork, Valp
from valpnas.networks.cell_spec import CellSpec
from valpnas.networks.hand_made import hand_made
from valpnas.networks.module import count_parameters
from valpnas.networks.random_valp import free_ids, random_valp
from valpnas.store.models import load_valp


@dataclass(frozen=True)
class Start(ABC):
    """Where a search begins. ``parameters`` is how many weights a start that can choose should have, 0 as drawn."""

    parameters: int = 0

    def valp(
        self, problem: Problem, space: Space, training: OutputTraining, batch_size: int, rng: np.random.Generator
    ) -> Valp:
        """Return the start for ``problem``, every output of which is trained by ``training``.

        Raises:
            ConfigError: there is none within the space's limit of parameters.
        """
        valp = self.draw(problem, space, {output.name: training for output in problem.outputs}, batch_size, rng)
        if 0 < space.max_parameters < (count := count_parameters(valp)):
            raise ConfigError(
                f"max_parameters: expected room for the start, which has {count:,}, got {space.max_parameters:,}; "
                "raise it, or lower start_parameters"
            )
        return valp

    @abstractmethod
    def draw(
        self,
        problem: Problem,
        space: Space,
        training: Mapping[str, OutputTraining],
        batch_size: int,
        rng: np.random.Generator,
    ) -> Valp:
        """Return a valid VALP with the problem's inputs and outputs."""


@dataclass(frozen=True)
class RandomStart(Start):
    """A small random VALP ([VALP] VI-C); it has the size it is drawn with."""

    def draw(
        self,
        problem: Problem,
        space: Space,
        training: Mapping[str, OutputTraining],
        batch_size: int,
        rng: np.random.Generator,
    ) -> Valp:
        """Draw within ``space``."""
        return random_valp(problem.inputs, problem.outputs, space, rng, training=training, batch_size=batch_size)


@dataclass(frozen=True)
class HandMade(Start):
    """A fixed VALP with ``layers`` hidden layers per network, as wide as ``parameters`` allow."""

    layers: int = 1

    def draw(
        self,
        problem: Problem,
        space: Space,  # noqa: ARG002 - bounds of random choices, and nothing is drawn
        training: Mapping[str, OutputTraining],
        batch_size: int,
        rng: np.random.Generator,  # noqa: ARG002
    ) -> Valp:
        """Write it down."""
        return hand_made(problem.inputs, problem.outputs, self.layers, self.parameters, training, batch_size)


@dataclass(frozen=True)
class CellStart(Start):
    """One cell network that reads the problem's map as it is, and a head per output: a stand-alone network."""

    stack: CellStack = field(default_factory=CellStack)

    def draw(
        self,
        problem: Problem,
        space: Space,  # noqa: ARG002
        training: Mapping[str, OutputTraining],
        batch_size: int,
        rng: np.random.Generator,  # noqa: ARG002
    ) -> Valp:
        """Stack the cell; raises ``ConfigError`` or ``InvalidValpError`` when it does not fit ``problem``."""
        if len(problem.inputs) != 1 or len(problem.inputs[0].shape) not in (2, 3):
            got = ", ".join(f"{i.name} {i.shape}" for i in problem.inputs)
            raise ConfigError(f"start 'cell': expected a problem of one series or image, got {got}; name another")
        (vertex,) = problem.inputs
        macro = Macro(self.stack.filters, self.stack.motifs, self.stack.normal_cells)
        spec = CellSpec(read_cell(self.stack.text), macro, vertex.shape[0], vertex.shape[1:], entry=False)
        name = free_ids([vertex.name, *(output.name for output in problem.outputs)], 1)[0]
        arcs = [Arc(vertex.name, name), *(Arc(name, output.name) for output in problem.outputs)]
        valp = Valp.make(problem.inputs, [SubNetwork(name, spec)], problem.outputs, arcs, training, batch_size)
        validate(valp)
        return valp


@dataclass(frozen=True)
class GivenStart(Start):
    """The VALP in a JSON file; learning rate, algorithm and batch size are the run's, not the file's."""

    path: Path = Path()

    def draw(
        self,
        problem: Problem,
        space: Space,  # noqa: ARG002
        training: Mapping[str, OutputTraining],
        batch_size: int,
        rng: np.random.Generator,  # noqa: ARG002
    ) -> Valp:
        """Read the file; raises ``ConfigError`` or ``InvalidValpError`` when it is no VALP for ``problem``."""
        given = load_valp(self.path)
        if given.inputs != tuple(sorted(problem.inputs)):
            wanted, got = ([f"{i.name} {i.shape}" for i in inputs] for inputs in (problem.inputs, given.inputs))
            raise ConfigError(f"{self.path}: expected the inputs {wanted} of {problem.name}, got {got}; take another")
        check_same_outputs(given, [(output.name, output.task) for output in problem.outputs])
        valp = Valp.make(given.inputs, given.networks, given.outputs, given.arcs, training, batch_size)
        validate(valp)
        return valp

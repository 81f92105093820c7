"""Starts: the model a search begins with - drawn at random, made by hand, of one sub-network, or read from a file."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from valpnas.catalog import network_kind
from valpnas.contracts.failure import is_out_of_memory, remedy
from valpnas.contracts.model import Model
from valpnas.contracts.problem import Problem
from valpnas.contracts.search import Workbench
from valpnas.contracts.space import Space
from valpnas.errors import ConfigError, TrainingFailedError, first_line
from valpnas.graph.spec import Spec
from valpnas.graph.validity import check_same_outputs, validate
from valpnas.graph.valp import Arc, OutputTraining, SubNetwork, Valp
from valpnas.networks.hand_made import hand_made
from valpnas.networks.module import count_parameters, fresh_model
from valpnas.networks.random_valp import free_ids, random_valp
from valpnas.networks.sized_valp import sized_valp
from valpnas.store.models import load_valp
from valpnas.training.log_ratio import mean_log_ratio

_FAILED = 5  # starts that may fail one after the other before a run gives up


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
class SizedStart(Start):
    """A random VALP of about ``parameters`` weights, its widths spread over those that ``space`` allows starts."""

    def draw(
        self,
        problem: Problem,
        space: Space,
        training: Mapping[str, OutputTraining],
        batch_size: int,
        rng: np.random.Generator,
    ) -> Valp:
        """Draw until the size is right; raises ``ConfigError`` when ``space`` has none of this size."""
        vertices = (problem.inputs, problem.outputs)
        if not self.parameters:
            return random_valp(*vertices, space.of_starts(), rng, training=training, batch_size=batch_size)
        return sized_valp(*vertices, space, self.parameters, rng, training, batch_size)


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
class SingleStart(Start):
    """One sub-network that reads every input, and a head per output: a stand-alone network."""

    network: Mapping[str, Any] = field(default_factory=dict)

    def draw(
        self,
        problem: Problem,
        space: Space,  # noqa: ARG002
        training: Mapping[str, OutputTraining],
        batch_size: int,
        rng: np.random.Generator,  # noqa: ARG002
    ) -> Valp:
        """Build it; raises ``ConfigError`` or ``InvalidValpError`` when it does not fit ``problem``."""
        return stand_alone(problem, self._spec(), training, batch_size)

    def _spec(self) -> Spec:
        if "kind" not in self.network:
            raise ConfigError("start 'single': expected a table [network] with the key 'kind', got none; add one")
        kind = network_kind(self.network["kind"])
        try:
            return kind.read(self.network)
        except (KeyError, TypeError, ValueError) as error:
            what = f"{type(error).__name__}: {error}"
            raise ConfigError(
                f"[network]: expected a description of kind {kind.name!r}, got {what}; mend it"
            ) from error


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


def stand_alone(problem: Problem, spec: Spec, training: Mapping[str, OutputTraining], batch_size: int) -> Valp:
    """Return one sub-network that reads every input of ``problem``, and a head per output.

    Raises:
        InvalidValpError: it does not fit the inputs.
    """
    inputs, outputs = [i.name for i in problem.inputs], [o.name for o in problem.outputs]
    name = free_ids([*inputs, *outputs], 1)[0]
    arcs = [*(Arc(source, name) for source in inputs), *(Arc(name, output) for output in outputs)]
    valp = Valp.make(problem.inputs, [SubNetwork(name, spec)], problem.outputs, arcs, training, batch_size)
    validate(valp)
    return valp


def check_starts(failed: int, reason: str) -> None:
    """Raise ``TrainingFailedError`` when so many starts ``failed`` that a run gives up, the last for ``reason``."""
    if failed >= _FAILED:
        raise TrainingFailedError(
            f"expected a start that can be trained, but {failed} starts failed one after the other, the last: "
            f"{reason}; {remedy(reason)}"
        )


def fresh_start(
    starts: Sequence[Start], bench: Workbench, training: OutputTraining, batch_size: int, candidate: int
) -> Model:
    """Return the start that is candidate number ``candidate``, with fresh weights: one of ``starts`` after the other.

    Raises:
        ConfigError: none keeps to the space's limit of parameters, or there is no memory for its weights.
    """
    rng = bench.rng(candidate, "start")
    return made_start(starts[candidate % len(starts)], bench.problem, bench.space, training, batch_size, rng)


def promises_more(objectives: Mapping[str, float], others: Mapping[str, float]) -> bool:
    """Say whether a start of these objectives is better than one of ``others``: by the mean of their ratios' logs."""
    return mean_log_ratio(objectives, others) < 0


def made_start(
    start: Start,
    problem: Problem,
    space: Space,
    training: OutputTraining,
    batch_size: int,
    rng: np.random.Generator,
) -> Model:
    """Return a start with fresh weights, both from ``rng``; raises ``ConfigError`` as ``fresh_start``."""
    valp = start.valp(problem, space, training, batch_size, rng)
    try:
        return fresh_model(valp, rng)
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        raise ConfigError(
            f"expected memory for a start of {count_parameters(valp):,} weights, got none ({first_line(error)}); "
            "lower start_parameters, or the widths of [space]"
        ) from error

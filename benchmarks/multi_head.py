"""A multi-head network space: what a person who has no multi-network models would search, as Optuna's parameters.

One trunk reads every input, and each output has a head of its own behind it: of a generation output a decoder. Depths,
widths, activations and latents keep to the bounds of a ``Space``, learning rate and algorithm are drawn too. The
networks are VALPs of that form, so that data, losses, training and scores are those of valpnas.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from valpnas.contracts.problem import Problem
from valpnas.contracts.space import Space
from valpnas.graph.spec import Spec
from valpnas.graph.tasks import Generation
from valpnas.graph.validity import validate
from valpnas.graph.valp import Arc, Output, OutputTraining, SubNetwork, Valp
from valpnas.networks.decoder import DecoderSpec
from valpnas.networks.dense_spec import DenseSpec, Layer
from valpnas.networks.random_valp import free_ids

RATES = (1e-4, 1e-2)
ALGORITHMS = ("adam", "adamw", "rmsprop", "sgd")


@dataclass(frozen=True)
class MultiHead:
    """The space for one problem; ``trial`` is an Optuna trial, or what suggests like one."""

    problem: Problem
    space: Space
    batch_size: int = 100

    def valp(self, trial: Any) -> Valp:
        """Return the network that ``trial`` suggests."""
        inputs = [vertex.name for vertex in self.problem.inputs]
        outputs = self.problem.outputs
        trunk, *heads = free_ids([*inputs, *(output.name for output in outputs)], 1 + len(outputs))
        networks = [SubNetwork(trunk, self._dense(trial, "trunk"))]
        arcs = [Arc(name, trunk) for name in inputs]
        for head, output in zip(heads, outputs, strict=True):
            networks.append(SubNetwork(head, self._head(trial, output)))
            arcs += [Arc(trunk, head), Arc(head, output.name)]
        rate = trial.suggest_float("learning rate", *RATES, log=True)
        training = OutputTraining(rate, trial.suggest_categorical("algorithm", ALGORITHMS))
        by_output = {output.name: training for output in outputs}
        valp = Valp.make(self.problem.inputs, networks, outputs, arcs, by_output, self.batch_size)
        validate(valp)
        return valp

    def _head(self, trial: Any, output: Output) -> Spec:
        body = self._dense(trial, output.name)
        if not isinstance(output.task, Generation):
            return body
        latent = trial.suggest_int(f"{output.name} latent", self.space.min_latent, self.space.max_latent, log=True)
        return DecoderSpec(latent, body)

    def _dense(self, trial: Any, where: str) -> DenseSpec:
        depth = trial.suggest_int(f"{where} layers", self.space.min_layers, self.space.max_layers)
        return DenseSpec(self._width(trial, f"{where} output"), tuple(self._layers(trial, where, depth)))

    def _layers(self, trial: Any, where: str, depth: int) -> Iterator[Layer]:
        for i in range(depth):
            activation = trial.suggest_categorical(f"{where} activation {i}", self.space.activations)
            yield Layer(self._width(trial, f"{where} width {i}"), activation)

    def _width(self, trial: Any, name: str) -> int:
        return int(trial.suggest_int(name, self.space.min_width, self.space.max_width, log=True))

"""The VALP: inputs, sub-networks, outputs and the arcs between them, frozen.

Source: [VALP] section III. A VALP is a directed acyclic graph; every receiver concatenates its sources,
so an arc is identified by the pair (source, target) and the order of arcs carries no meaning.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import networkx as nx

from valpnas.errors import InvalidValpError
from valpnas.graph.spec import Shape, Spec
from valpnas.graph.tasks import Task

IDENTIFIER = re.compile(r"[A-Za-z0-9_-]+")
ALGORITHMS = ("adam", "adamw", "sgd", "rmsprop", "adagrad")


@dataclass(frozen=True, order=True)
class Input:
    """A source of data: ``shape`` without the batch dimension; ``kind`` says how it is treated.

    A "table" of vectors is standardised, an "image" must lie in [0, 1], a "series" is taken as it is;
    ``optional`` says that the problem allows a VALP that leaves this input unused.
    """

    name: str
    shape: Shape
    kind: str = "table"
    optional: bool = False


@dataclass(frozen=True)
class SubNetwork:
    """An inner vertex: a whole sub-network described by ``spec``."""

    id: str
    spec: Spec


@dataclass(frozen=True)
class Output:
    """A prediction the problem asks for."""

    name: str
    task: Task


@dataclass(frozen=True, order=True)
class Arc:
    """Data flows from ``source`` to ``target``; with ``identity`` it is also added to the target's output.

    The identity path is what lets a network be inserted without changing the function, whatever its
    activation (network morphism, facts E2.2b); it belongs to the arc so that every macro operator moves,
    copies or drops it without knowing of it.
    """

    source: str
    target: str
    identity: bool = False


LOWEST_RATE = 1e-5
"""The lowest learning rate that operators give an output."""


@dataclass(frozen=True)
class OutputTraining:
    """How one output's loss drives the weights: learning rate per batch and SGD algorithm ([VALP] V-C).

    ``weight_decay`` is that of ``adamw``, the only algorithm that decays weights: each batch takes learning rate times
    this much of a weight. (Keras' AdamW takes this much itself: 5e-4 there, at a rate of 0.01, is 0.05 here; facts B2.)
    """

    learning_rate: float = 3e-3
    algorithm: str = "adam"
    weight_decay: float = 0.01

    @property
    def rests(self) -> bool:
        """Whether the output is hardly trained, at the lowest learning rate that there is."""
        return self.learning_rate < 2 * LOWEST_RATE


@dataclass(frozen=True)
class Valp:
    """A multi-network model's structure and training hyper-parameters; plain, frozen data.

    Tuples are kept sorted by name, so equal graphs compare equal whatever the order they were built in.
    """

    inputs: tuple[Input, ...]
    networks: tuple[SubNetwork, ...]
    outputs: tuple[Output, ...]
    arcs: tuple[Arc, ...]
    training: tuple[OutputTraining, ...]
    batch_size: int = 100

    @staticmethod
    def make(
        inputs: Iterable[Input],
        networks: Iterable[SubNetwork],
        outputs: Iterable[Output],
        arcs: Iterable[Arc],
        training: Mapping[str, OutputTraining] | None = None,
        batch_size: int = 100,
    ) -> Valp:
        """Build a VALP with its parts in canonical order; ``training`` is keyed by output name."""
        ordered = tuple(sorted(outputs, key=lambda output: output.name))
        chosen = training or {}
        return Valp(
            inputs=tuple(sorted(inputs)),
            networks=tuple(sorted(networks, key=lambda network: network.id)),
            outputs=ordered,
            arcs=tuple(sorted(arcs)),
            training=tuple(chosen.get(output.name, OutputTraining()) for output in ordered),
            batch_size=batch_size,
        )

    # -- looking up ---------------------------------------------------------------------------------

    @cached_property
    def specs(self) -> dict[str, Spec]:
        """Spec by sub-network id."""
        return {network.id: network.spec for network in self.networks}

    @cached_property
    def tasks(self) -> dict[str, Task]:
        """Task by output name."""
        return {output.name: output.task for output in self.outputs}

    @property
    def trained_outputs(self) -> tuple[str, ...]:
        """Names of the outputs that do not rest, sorted."""
        return tuple(output for output, how in self.output_training.items() if not how.rests)

    @cached_property
    def output_training(self) -> dict[str, OutputTraining]:
        """Training hyper-parameters by output name."""
        return {output.name: how for output, how in zip(self.outputs, self.training, strict=True)}

    @cached_property
    def digraph(self) -> nx.DiGraph[str]:
        """The vertices and arcs as a networkx graph; read only."""
        graph: nx.DiGraph[str] = nx.DiGraph()
        graph.add_nodes_from(vertex.name for vertex in self.inputs)
        graph.add_nodes_from(vertex.id for vertex in self.networks)
        graph.add_nodes_from(vertex.name for vertex in self.outputs)
        graph.add_edges_from((arc.source, arc.target) for arc in self.arcs)
        return graph

    @cached_property
    def order(self) -> tuple[str, ...]:
        """Sub-network ids, each after its sources; ties by id, so that equal graphs run in equal order."""
        return tuple(name for name in nx.lexicographical_topological_sort(self.digraph) if name in self.specs)

    @cached_property
    def arc_map(self) -> dict[tuple[str, str], Arc]:
        """Arc by (source, target)."""
        return {(arc.source, arc.target): arc for arc in self.arcs}

    @cached_property
    def _arcs_into(self) -> dict[str, tuple[Arc, ...]]:
        found: dict[str, list[Arc]] = {}
        for arc in self.arcs:
            found.setdefault(arc.target, []).append(arc)
        return {target: tuple(arcs) for target, arcs in found.items()}

    @cached_property
    def _arcs_from(self) -> dict[str, tuple[Arc, ...]]:
        found: dict[str, list[Arc]] = {}
        for arc in self.arcs:
            found.setdefault(arc.source, []).append(arc)
        return {source: tuple(arcs) for source, arcs in found.items()}

    def arcs_into(self, target: str) -> tuple[Arc, ...]:
        """Arcs that end in ``target``, sorted by source."""
        return self._arcs_into.get(target, ())

    def arcs_from(self, source: str) -> tuple[Arc, ...]:
        """Arcs that leave ``source``, sorted by target."""
        return self._arcs_from.get(source, ())

    def sources(self, target: str) -> tuple[str, ...]:
        """Names of the components that feed ``target``, sorted."""
        return tuple(arc.source for arc in self.arcs_into(target))

    def targets(self, source: str) -> tuple[str, ...]:
        """Names of the components that ``source`` feeds, sorted."""
        return tuple(arc.target for arc in self.arcs_from(source))

    def shape(self, component: str) -> Shape:
        """Shape of the value that an input or sub-network emits, without the batch dimension."""
        if component in self.specs:
            return self.specs[component].output_shape
        for vertex in self.inputs:
            if vertex.name == component:
                return vertex.shape
        raise InvalidValpError("known-component", f"expected an input or a sub-network, got {component!r}")

    def descendants(self, component: str) -> frozenset[str]:
        """Everything ``component`` can alter, itself not included."""
        return frozenset(nx.descendants(self.digraph, component))

    def ancestors(self, component: str) -> frozenset[str]:
        """Everything that can alter ``component``, itself not included."""
        return frozenset(nx.ancestors(self.digraph, component))

    def fresh_id(self) -> str:
        """An id no component has: ``n1``, ``n2``, ... above every number in use."""
        numbers = [int(network.id[1:]) for network in self.networks if re.fullmatch(r"n[0-9]+", network.id)]
        taken = set(self.digraph)
        number = max(numbers, default=0) + 1
        while f"n{number}" in taken:
            number += 1
        return f"n{number}"

    # -- changed copies -----------------------------------------------------------------------------

    def with_networks(self, networks: Iterable[SubNetwork], arcs: Iterable[Arc]) -> Valp:
        """Return a copy with other sub-networks and arcs, in canonical order."""
        ordered = tuple(sorted(networks, key=lambda network: network.id))
        return replace(self, networks=ordered, arcs=tuple(sorted(arcs)))

    def with_spec(self, network: str, spec: Spec) -> Valp:
        """Return a copy in which ``network`` is described by ``spec``."""
        changed = [SubNetwork(n.id, spec) if n.id == network else n for n in self.networks]
        return self.with_networks(changed, self.arcs)

    def with_training(self, output: str, how: OutputTraining) -> Valp:
        """Return a copy in which ``output`` is trained as ``how`` says."""
        changed = {**self.output_training, output: how}
        return replace(self, training=tuple(changed[o.name] for o in self.outputs))

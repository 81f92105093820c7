"""Canonical hash of a VALP: equal exactly for VALPs that differ in nothing but their sub-networks' ids.

Method: colour refinement, then individualisation of the members of the first ambiguous colour class, keeping
the smallest certificate over all choices (the textbook canonical labelling; McKay and Piperno 2014, section 2).
Choices that a symmetry of the graph turns into one another are followed once: k clones would otherwise cost k!
labellings, and so would k equal chains. Twins are recognised at sight; any other symmetry by the first labelling it
leads to, whose certificate an earlier choice has already given.
"""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from typing import NamedTuple

from valpnas.graph.tasks import task_to_json
from valpnas.graph.valp import Arc, OutputTraining, Valp

Colours = dict[str, int]
Ends = dict[str, list[tuple[str, bool]]]  # by vertex: what is at the other end of its arcs, and whether with identity


class _Graph(NamedTuple):
    """A VALP as the algorithm sees it; made once, since it is looked at many times."""

    labels: dict[str, str]
    sources: Ends
    targets: Ends
    arcs: tuple[Arc, ...]
    batch_size: int


@lru_cache(maxsize=256)
def canonical_hash(valp: Valp) -> str:
    """Return 32 hexadecimal digits, equal for two VALPs exactly when a renaming of sub-networks makes them equal."""
    labels = _labels(valp)
    sources = {vertex: [(arc.source, arc.identity) for arc in valp.arcs_into(vertex)] for vertex in labels}
    targets = {vertex: [(arc.target, arc.identity) for arc in valp.arcs_from(vertex)] for vertex in labels}
    graph = _Graph(labels, sources, targets, valp.arcs, valp.batch_size)
    certificate = min(_certificates(graph, _refine(graph, _initial(graph))))
    return hashlib.sha256(certificate.encode()).hexdigest()[:32]


def _labels(valp: Valp) -> dict[str, str]:
    """Say what each vertex is: inputs and outputs by name, sub-networks by kind and spec."""
    labels = {i.name: f"input {i.name} {i.shape} {i.kind} {i.optional}" for i in valp.inputs}
    for output, how in zip(valp.outputs, valp.training, strict=True):
        labels[output.name] = f"output {output.name} {json.dumps(task_to_json(output.task))} {_told(how)}"
    for network in valp.networks:
        labels[network.id] = f"network {network.spec.kind} {json.dumps(network.spec.to_json(), sort_keys=True)}"
    return labels


def _told(how: OutputTraining) -> str:
    """Say how an output is trained, in the words of the first version: journals hold hashes made with them."""
    decay = "" if how.weight_decay == OutputTraining.weight_decay else f", weight_decay={how.weight_decay!r}"
    return f"OutputTraining(learning_rate={how.learning_rate!r}, algorithm={how.algorithm!r}{decay})"


def _initial(graph: _Graph) -> Colours:
    rank = {label: index for index, label in enumerate(sorted(set(graph.labels.values())))}
    return {vertex: rank[label] for vertex, label in graph.labels.items()}


def _refine(graph: _Graph, colours: Colours) -> Colours:
    """Split colour classes by the colours of neighbours until nothing splits any more."""
    while True:
        signatures = {vertex: _signature(graph, vertex, colours) for vertex in colours}
        order = {signature: index for index, signature in enumerate(sorted(set(signatures.values())))}
        refined = {vertex: order[signature] for vertex, signature in signatures.items()}
        if len(order) == len(set(colours.values())):
            return refined
        colours = refined


def _signature(graph: _Graph, vertex: str, colours: Colours) -> tuple[object, ...]:
    sources = sorted([(colours[source], identity) for source, identity in graph.sources[vertex]])
    targets = sorted([(colours[target], identity) for target, identity in graph.targets[vertex]])
    return (colours[vertex], tuple(sources), tuple(targets))


def _certificates(graph: _Graph, colours: Colours) -> set[str]:
    """Return the certificates of all labellings that refine ``colours``."""
    ambiguous = _first_ambiguous(colours)
    if not ambiguous:
        return {_certificate(graph, colours)}
    found: set[str] = set()
    followed: list[str] = []
    for vertex in ambiguous:
        if any(_twins(graph, vertex, other) for other in followed):
            continue
        chosen = _refine(graph, _single_out(colours, vertex))
        # Two labellings of one certificate are a symmetry that maps the earlier choice onto this one, and with it
        # everything found below it: there is nothing new to find here.
        if found and _certificate(graph, _first_labelling(graph, chosen)) in found:
            continue
        followed.append(vertex)
        found |= _certificates(graph, chosen)
    return found


def _first_labelling(graph: _Graph, colours: Colours) -> Colours:
    while ambiguous := _first_ambiguous(colours):
        colours = _refine(graph, _single_out(colours, ambiguous[0]))
    return colours


def _first_ambiguous(colours: Colours) -> list[str]:
    classes: dict[int, list[str]] = {}
    for vertex, colour in colours.items():
        classes.setdefault(colour, []).append(vertex)
    return next((sorted(members) for _, members in sorted(classes.items()) if len(members) > 1), [])


def _single_out(colours: Colours, chosen: str) -> Colours:
    """Give ``chosen`` a colour of its own, just below its class."""
    return {vertex: 2 * colour - (vertex == chosen) for vertex, colour in colours.items()}


def _twins(graph: _Graph, one: str, other: str) -> bool:
    """Say whether two vertices of equal colour share their neighbours, so that exchanging them moves no arc.

    Two vertices with an arc between them are never twins in a DAG.
    """
    return graph.sources[one] == graph.sources[other] and graph.targets[one] == graph.targets[other]


def _certificate(graph: _Graph, colours: Colours) -> str:
    """Write the graph with vertices named by their (now unique) colours."""
    labels = sorted((colours[vertex], label) for vertex, label in graph.labels.items())
    arcs = sorted((colours[arc.source], colours[arc.target], arc.identity) for arc in graph.arcs)
    return json.dumps([labels, arcs, graph.batch_size])

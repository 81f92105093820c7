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

from valpnas.graph.tasks import task_to_json
from valpnas.graph.valp import Valp

Colours = dict[str, int]


@lru_cache(maxsize=4096)
def canonical_hash(valp: Valp) -> str:
    """Return 32 hexadecimal digits, equal for two VALPs exactly when a renaming of sub-networks makes them equal."""
    certificate = min(_certificates(valp, _refine(valp, _initial(valp))))
    return hashlib.sha256(certificate.encode()).hexdigest()[:32]


def _labels(valp: Valp) -> dict[str, str]:
    """Say what each vertex is: inputs and outputs by name, sub-networks by kind and spec."""
    labels = {i.name: f"input {i.name} {i.shape} {i.kind} {i.optional}" for i in valp.inputs}
    for output, how in zip(valp.outputs, valp.training, strict=True):
        labels[output.name] = f"output {output.name} {json.dumps(task_to_json(output.task))} {how}"
    for network in valp.networks:
        labels[network.id] = f"network {network.spec.kind} {json.dumps(network.spec.to_json(), sort_keys=True)}"
    return labels


def _initial(valp: Valp) -> Colours:
    labels = _labels(valp)
    rank = {label: index for index, label in enumerate(sorted(set(labels.values())))}
    return {vertex: rank[label] for vertex, label in labels.items()}


def _refine(valp: Valp, colours: Colours) -> Colours:
    """Split colour classes by the colours of neighbours until nothing splits any more."""
    while True:
        signatures = {vertex: _signature(valp, vertex, colours) for vertex in colours}
        order = {signature: index for index, signature in enumerate(sorted(set(signatures.values())))}
        refined = {vertex: order[signature] for vertex, signature in signatures.items()}
        if len(set(refined.values())) == len(set(colours.values())):
            return refined
        colours = refined


def _signature(valp: Valp, vertex: str, colours: Colours) -> tuple[object, ...]:
    sources = sorted((colours[arc.source], arc.identity) for arc in valp.arcs_into(vertex))
    targets = sorted((colours[arc.target], arc.identity) for arc in valp.arcs_from(vertex))
    return (colours[vertex], tuple(sources), tuple(targets))


def _certificates(valp: Valp, colours: Colours) -> set[str]:
    """Return the certificates of all labellings that refine ``colours``."""
    ambiguous = _first_ambiguous(colours)
    if not ambiguous:
        return {_certificate(valp, colours)}
    found: set[str] = set()
    followed: list[str] = []
    for vertex in ambiguous:
        if any(_swappable(valp, vertex, other) for other in followed):
            continue
        chosen = _refine(valp, _single_out(colours, vertex))
        # Two labellings of one certificate are a symmetry that maps the earlier choice onto this one, and with it
        # everything found below it: there is nothing new to find here.
        if found and _certificate(valp, _first_labelling(valp, chosen)) in found:
            continue
        followed.append(vertex)
        found |= _certificates(valp, chosen)
    return found


def _first_labelling(valp: Valp, colours: Colours) -> Colours:
    while ambiguous := _first_ambiguous(colours):
        colours = _refine(valp, _single_out(colours, ambiguous[0]))
    return colours


def _first_ambiguous(colours: Colours) -> list[str]:
    classes: dict[int, list[str]] = {}
    for vertex, colour in colours.items():
        classes.setdefault(colour, []).append(vertex)
    return next((sorted(members) for _, members in sorted(classes.items()) if len(members) > 1), [])


def _single_out(colours: Colours, chosen: str) -> Colours:
    """Give ``chosen`` a colour of its own, just below its class."""
    return {vertex: 2 * colour - (vertex == chosen) for vertex, colour in colours.items()}


def _swappable(valp: Valp, one: str, other: str) -> bool:
    """Say whether exchanging two vertices of equal colour leaves every arc in place.

    Twins share their neighbours; two vertices with an arc between them are never twins in a DAG.
    """
    return _neighbours(valp, one) == _neighbours(valp, other)


def _neighbours(valp: Valp, vertex: str) -> tuple[list[tuple[str, bool]], list[tuple[str, bool]]]:
    into = [(arc.source, arc.identity) for arc in valp.arcs_into(vertex)]
    return into, [(arc.target, arc.identity) for arc in valp.arcs_from(vertex)]


def _certificate(valp: Valp, colours: Colours) -> str:
    """Write the graph with vertices named by their (now unique) colours."""
    labels = {colours[vertex]: label for vertex, label in _labels(valp).items()}
    arcs = sorted((colours[arc.source], colours[arc.target], arc.identity) for arc in valp.arcs)
    return json.dumps([sorted(labels.items()), arcs, valp.batch_size])

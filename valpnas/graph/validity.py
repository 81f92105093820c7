"""The rules a VALP must keep, each with a name ([VALP] section III; design: what valid means).

``validate`` is called by the kernel after every operator; an operator therefore cannot hand on a broken graph.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

import networkx as nx

from valpnas.errors import InvalidValpError
from valpnas.graph.subgraphs import sampling_zone
from valpnas.graph.tasks import Classification, Generation
from valpnas.graph.valp import ALGORITHMS, IDENTIFIER, Arc, Valp

Broken = str | None


def _names(valp: Valp) -> Broken:
    names = [i.name for i in valp.inputs] + [n.id for n in valp.networks] + [o.name for o in valp.outputs]
    for name in names:
        if not IDENTIFIER.fullmatch(name):
            return f"expected names of letters, digits, '_' and '-', got {name!r}"
    repeated = [name for name, count in Counter(names).items() if count > 1]
    return f"expected every component to have its own name, got {repeated[0]!r} twice" if repeated else None


def _has_outputs(valp: Valp) -> Broken:
    return None if valp.inputs and valp.outputs else "expected at least one input and one output"


def _arc_ends(valp: Valp) -> Broken:
    givers = {i.name for i in valp.inputs} | set(valp.specs)
    takers = {o.name for o in valp.outputs} | set(valp.specs)
    for arc in valp.arcs:
        if arc.source not in givers or arc.target not in takers:
            ends = f"{arc.source} -> {arc.target}"
            return f"expected arcs from inputs or sub-networks to sub-networks or outputs, got {ends}"
    if len(valp.arc_map) != len(valp.arcs):
        return "expected one arc at most between two components, got a repeated one"
    return None


def _acyclic(valp: Valp) -> Broken:
    if nx.is_directed_acyclic_graph(valp.digraph):
        return None
    sources = [source for source, _ in nx.find_cycle(valp.digraph)]
    cycle = " -> ".join([*sources, sources[0]])
    return f"expected no cycle (recurrent connections are outside this model), got {cycle}"


def _fed(valp: Valp) -> Broken:
    receivers = [*valp.specs, *valp.tasks]
    hungry = [name for name in receivers if not valp.sources(name)]
    return f"expected every sub-network and output to receive data, but nothing feeds {hungry[0]!r}" if hungry else None


def _used(valp: Valp) -> Broken:
    idle = [name for name in valp.specs if not valp.targets(name)]
    return f"expected every sub-network's data to go somewhere, but {idle[0]!r} feeds nothing" if idle else None


def _inputs_used(valp: Valp) -> Broken:
    idle = [vertex.name for vertex in valp.inputs if not vertex.optional and not valp.targets(vertex.name)]
    return f"expected every input to be used, but {idle[0]!r} feeds nothing" if idle else None


def _decoded(valp: Valp) -> Broken:
    inputs = {vertex.name for vertex in valp.inputs}
    for output in valp.outputs:
        if isinstance(output.task, Generation) and (leaks := sorted(sampling_zone(valp, output.name) & inputs)):
            return (
                f"expected every path to the generation output {output.name!r} to pass a decoder, "
                f"but input {leaks[0]!r} reaches it without one: its sample would be a copy"
            )
    return None


def _identity_fits(valp: Valp) -> Broken:
    for arc in valp.arcs:
        if arc.identity and not _can_pass_identity(valp, arc):
            ends = f"{arc.source} -> {arc.target}"
            return f"expected an identity arc to end in a network of equal output shape, got {ends}"
    return None


def _can_pass_identity(valp: Valp, arc: Arc) -> bool:
    spec = valp.specs.get(arc.target)
    return spec is not None and spec.passes_identity and spec.output_shape == valp.shape(arc.source)


def _sources_fit(valp: Valp) -> Broken:
    for network in valp.networks:
        shapes = [valp.shape(source) for source in valp.sources(network.id)]
        if not network.spec.takes(shapes):
            return f"expected {network.id!r} to have sources that it takes, got {', '.join(map(str, shapes))}"
    return None


def _exits_fit(valp: Valp) -> Broken:
    for name, spec in valp.specs.items():
        if (exits := spec.inner_exits) is None:
            continue
        task = valp.tasks.get(exits.output)
        if not isinstance(task, Classification) or task.classes != exits.classes:
            classes = {o: t.classes for o, t in valp.tasks.items() if isinstance(t, Classification)}
            return f"expected exits of {name!r} for an output among {classes}, got {exits.output!r}: {exits.classes}"
    return None


def _trainable(valp: Valp) -> Broken:
    if valp.batch_size < 1:
        return f"expected a batch size of at least 1, got {valp.batch_size}"
    for output, how in valp.output_training.items():
        fits = 0 < how.learning_rate < float("inf") and 0 <= how.weight_decay < float("inf")
        if not fits or how.algorithm not in ALGORITHMS:
            return f"expected a positive learning rate and one of {', '.join(ALGORITHMS)} for {output!r}, got {how}"
    return None


# The order matters: later rules may assume that earlier ones hold.
RULES: dict[str, Callable[[Valp], Broken]] = {
    "names": _names,
    "has-outputs": _has_outputs,
    "arc-ends": _arc_ends,
    "acyclic": _acyclic,
    "fed": _fed,
    "used": _used,
    "inputs-used": _inputs_used,
    "decoded": _decoded,
    "identity-fits": _identity_fits,
    "sources-fit": _sources_fit,
    "exits-fit": _exits_fit,
    "trainable": _trainable,
}


def validate(valp: Valp) -> None:
    """Raise ``InvalidValpError`` naming the first rule that ``valp`` breaks."""
    for rule, check in RULES.items():
        if (broken := check(valp)) is not None:
            raise InvalidValpError(rule, broken)


def is_valid(valp: Valp) -> bool:
    """Say whether ``valp`` keeps every rule."""
    return all(check(valp) is None for check in RULES.values())


def check_same_outputs(valp: Valp, asked: Iterable[tuple[str, object]]) -> None:
    """Raise ``InvalidValpError`` unless the outputs are exactly the (name, task) pairs the problem asks for."""
    expected, got = dict(asked), dict(valp.tasks)
    if expected != got:
        raise InvalidValpError("outputs-match", f"expected the problem's outputs {expected}, got {got}")

"""Hypothesis strategies for valid VALPs of toys."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import settings
from hypothesis import strategies as st

from valpnas.graph.spec import Spec
from valpnas.graph.subgraphs import sampling_zone
from valpnas.graph.tasks import Classification, Distribution, Generation, Regression, Task
from valpnas.graph.valp import ALGORITHMS, Arc, Input, Output, OutputTraining, SubNetwork, Valp

from .toys import Toy, ToyDecoder

# Drawing a graph takes most of such a test's time; no deadline, because other programs share the machine.
quick = settings(deadline=None, max_examples=40)

_TASKS: list[Task] = [Classification(3), Regression(2), Distribution(4), Generation((2, 2))]
_TRAININGS = [OutputTraining(rate, algorithm) for rate in (1e-3, 3e-3) for algorithm in ALGORITHMS[:2]]


@st.composite
def valps(draw: st.DrawFn) -> Valp:
    """Draw a valid VALP: up to three inputs, six sub-networks and four outputs, the first of which hears anything."""
    inputs = [Input(f"i{i}", (draw(st.sampled_from([2, 3])),), optional=i == 2) for i in range(draw(st.integers(1, 3)))]
    specs = draw(st.lists(st.builds(draw(st.sampled_from([Toy, ToyDecoder])), st.sampled_from([2, 3])), max_size=6))
    networks = [SubNetwork(f"n{i}", spec) for i, spec in enumerate(specs)]
    tasks = [Classification(3), *draw(st.lists(st.sampled_from(_TASKS), max_size=3))]
    outputs = [Output(f"o{i}", task) for i, task in enumerate(tasks)]
    training = {output.name: draw(st.sampled_from(_TRAININGS)) for output in outputs}
    valp = Valp.make(inputs, networks, outputs, _into_networks(draw, inputs, networks), training)
    return _into_outputs(draw, valp)


def _into_networks(draw: st.DrawFn, inputs: Sequence[Input], networks: Sequence[SubNetwork]) -> list[Arc]:
    arcs: list[Arc] = []
    shapes = {vertex.name: vertex.shape for vertex in inputs}
    for network in networks:
        sources = {source: _fits(network.spec, shapes[source]) for source in sorted(_some(draw, list(shapes)))}
        arcs += [Arc(source, network.id, fits and draw(st.booleans())) for source, fits in sources.items()]
        shapes[network.id] = network.spec.output_shape
    return arcs


def _fits(spec: Spec, shape: tuple[int, ...]) -> bool:
    return spec.passes_identity and spec.output_shape == shape


def _into_outputs(draw: st.DrawFn, valp: Valp) -> Valp:
    """Feed the outputs; one that generates but finds no latents to hear is dropped, and o0 takes what is unused."""
    givers = [*(i.name for i in valp.inputs), *valp.specs]
    arcs, kept = list(valp.arcs), []
    for output in valp.outputs:
        usable = [g for g in givers if _may_hear(valp, output, g)]
        if usable:
            arcs += [Arc(source, output.name) for source in _some(draw, usable)]
            kept.append(output)
    used = {arc.source for arc in arcs}
    arcs += [Arc(giver, "o0") for giver in givers if giver not in used and not _optional(valp, giver)]
    return Valp.make(valp.inputs, valp.networks, kept, arcs, valp.output_training)


def _may_hear(valp: Valp, output: Output, giver: str) -> bool:
    if not isinstance(output.task, Generation):
        return True
    heard = valp.with_networks(valp.networks, [*valp.arcs, Arc(giver, output.name)])
    return not sampling_zone(heard, output.name) & {i.name for i in valp.inputs}


def _optional(valp: Valp, name: str) -> bool:
    return any(vertex.name == name and vertex.optional for vertex in valp.inputs)


def _some(draw: st.DrawFn, names: Sequence[str]) -> set[str]:
    return draw(st.sets(st.sampled_from(names), min_size=1, max_size=3))

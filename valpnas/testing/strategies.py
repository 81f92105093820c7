"""Hypothesis strategies: spaces, specs with branches and residuals, whole VALPs, and models that have been trained.

Small on purpose (widths of 1 to 6, at most six sub-networks): a fault in an operator shows at any size, and small
counterexamples can be read. The only file of the package that imports Hypothesis.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from valpnas.contracts.model import Model
from valpnas.contracts.space import ACTIVATIONS, Space
from valpnas.graph.spec import Spec
from valpnas.graph.tasks import Classification, Distribution, Generation, Regression, Task
from valpnas.graph.valp import ALGORITHMS, Arc, Input, Output, OutputTraining, SubNetwork, Valp
from valpnas.networks.decoder import DecoderSpec
from valpnas.networks.dense_spec import Branch, DenseSpec, Layer
from valpnas.networks.module import fresh_model
from valpnas.testing.cell_strategies import cell_spaces, cell_specs
from valpnas.testing.partly_trained import partly_trained

SHAPES = ((1,), (3,), (1, 4, 4))
WIDTHS = st.integers(1, 6)
SEEDS = st.integers(0, 2**31 - 1)


@st.composite
def spaces(draw: st.DrawFn) -> Space:
    """Draw a space of small networks; all activations are allowed, and dense networks always are."""
    low = draw(st.integers(1, 3))
    return Space(
        networks=draw(
            st.sampled_from([("dense",), ("dense", "decoder"), ("dense", "cell"), ("cell", "decoder", "dense")])
        ),
        min_width=low,
        max_width=draw(st.integers(low + 1, 12)),
        max_layers=draw(st.integers(1, 3)),
        min_latent=1,
        max_latent=draw(st.integers(1, 3)),
        activations=ACTIVATIONS,
        max_networks=draw(st.integers(1, 8)),
        cells=draw(cell_spaces()),
    )


def tasks() -> st.SearchStrategy[Task]:
    """Draw one of the four tasks."""
    return st.one_of(
        st.builds(Classification, st.integers(2, 4)),
        st.builds(Regression, st.integers(1, 3)),
        st.builds(Distribution, st.integers(2, 4)),
        st.builds(Generation, st.sampled_from([(2,), (1, 2, 2)])),
    )


def layers(most: int, least: int = 0) -> st.SearchStrategy[tuple[Layer, ...]]:
    """Draw ``least`` to ``most`` hidden layers of any activation."""
    layer = st.builds(Layer, WIDTHS, st.sampled_from(ACTIVATIONS))
    return st.lists(layer, min_size=least, max_size=most).map(tuple)


@st.composite
def dense_specs(draw: st.DrawFn, outputs: st.SearchStrategy[int] = WIDTHS) -> DenseSpec:
    """Draw a dense spec with up to three hidden layers and two branches, also at the input and residual."""
    chain = draw(layers(3, least=1))
    branches = []
    for _ in range(draw(st.integers(0, 2))):
        end = draw(st.integers(1, len(chain) + 1))
        branches.append(Branch(draw(st.integers(0, end)), end, draw(layers(2))))
    return DenseSpec(draw(outputs), chain, tuple(branches))


def decoder_specs() -> st.SearchStrategy[DecoderSpec]:
    """Draw a decoder with a latent of one to three numbers; samples of some are drawn from a mixture."""
    return st.builds(DecoderSpec, st.integers(1, 3), dense_specs(), st.sampled_from([0, 0, 2]))


@st.composite
def valps(
    draw: st.DrawFn,
    most_networks: int = 4,
    inputs: Sequence[Input] = (),
    outputs: Sequence[Output] = (),
) -> Valp:
    """Draw a valid VALP: one to three inputs, one to three outputs, identity arcs wherever shapes agree.

    ``inputs`` and ``outputs`` are those of the problem, drawn too when there are none given.
    """
    inputs = inputs or [
        Input(f"x{i}", draw(st.sampled_from(SHAPES)), optional=draw(st.booleans())) for i in range(draw(_FEW))
    ]
    outputs = outputs or [Output(f"y{i}", draw(tasks())) for i in range(draw(_FEW))]
    networks, arcs = _draw_networks(draw, inputs, outputs, most_networks)
    hidden = _LatentOnly(networks, arcs)
    for output in outputs:
        usable = [*(i.name for i in inputs), *(n.id for n in networks)]
        if isinstance(output.task, Generation):
            usable = [name for name in usable if hidden.decides(name)]
        arcs += [Arc(source, output.name) for source in draw(_some(usable))]
    arcs += _arcs_for_unused(draw, inputs, networks, outputs, arcs)
    training = {output.name: draw(_TRAINING) for output in outputs}
    return Valp.make(inputs, networks, outputs, arcs, training, draw(st.sampled_from([16, 25, 100, 512])))


@st.composite
def models(draw: st.DrawFn, most_networks: int = 4) -> Model:
    """Draw a VALP and train it for one to three batches."""
    rng = np.random.default_rng(draw(SEEDS))
    return partly_trained(fresh_model(draw(valps(most_networks)), rng), rng, draw(st.integers(1, 3)))


@st.composite
def couples(draw: st.DrawFn, most_networks: int = 4) -> tuple[Model, Model]:
    """Draw a host and a donor: two trained models of one problem, strangers or relatives."""
    host = draw(models(most_networks))
    valp = draw(valps(most_networks, host.valp.inputs, host.valp.outputs))
    rng = np.random.default_rng(draw(SEEDS))
    donor = host if draw(st.integers(0, 3)) == 0 else fresh_model(valp, rng)
    return host, partly_trained(donor, rng, draw(st.integers(1, 3)))


_FEW = st.integers(1, 3)
# Few rates and algorithms, so that outputs often share an optimiser; the ends of change_lr's range are among them.
_TRAINING = st.builds(OutputTraining, st.sampled_from([1e-5, 1e-3, 2e-3, 1e-1]), st.sampled_from(ALGORITHMS[:2]))


def _some(names: Sequence[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True)


class _LatentOnly:
    """Which components latents decide alone, whatever the inputs."""

    def __init__(self, networks: Sequence[SubNetwork], arcs: Sequence[Arc]) -> None:
        self._decided: set[str] = set()
        for network in networks:
            if network.spec.decodes or all(a.source in self._decided for a in arcs if a.target == network.id):
                self._decided.add(network.id)

    def decides(self, component: str) -> bool:
        return component in self._decided


def _draw_networks(
    draw: st.DrawFn, inputs: Sequence[Input], outputs: Sequence[Output], most: int
) -> tuple[list[SubNetwork], list[Arc]]:
    """Draw sub-networks in topological order with their sources; the last is a decoder when something is generated."""
    shapes = {vertex.name: vertex.shape for vertex in inputs}
    networks: list[SubNetwork] = []
    arcs: list[Arc] = []
    generates = any(isinstance(output.task, Generation) for output in outputs)
    count = draw(st.integers(1, most))
    for i in range(count):
        sources = draw(_some(list(shapes)))
        spec = _draw_spec(draw, [shapes[s] for s in sources], decodes=generates and i == count - 1)
        name = f"n{i + 1}"
        fits = [spec.passes_identity and spec.output_shape == shapes[source] for source in sources]
        arcs += [Arc(s, name, identity=fit and draw(st.booleans())) for s, fit in zip(sources, fits, strict=True)]
        networks.append(SubNetwork(name, spec))
        shapes[name] = spec.output_shape
    return networks, arcs


def _draw_spec(draw: st.DrawFn, sources: Sequence[tuple[int, ...]], decodes: bool) -> Spec:
    drawn = draw(st.integers(0, 5))
    if decodes or drawn == 0:
        return draw(decoder_specs())
    if drawn in (1, 2):
        return draw(cell_specs())
    widths = [shape[0] for shape in sources if len(shape) == 1]
    return draw(dense_specs(st.sampled_from(widths) | WIDTHS if widths else WIDTHS))


def _arcs_for_unused(
    draw: st.DrawFn,
    inputs: Sequence[Input],
    networks: Sequence[SubNetwork],
    outputs: Sequence[Output],
    arcs: Sequence[Arc],
) -> list[Arc]:
    """Connect what nothing hears to a later component that may hear it; with a decoder last there always is one."""
    hidden = _LatentOnly(networks, arcs)
    order = [*(i.name for i in inputs), *(n.id for n in networks)]
    decoders = {n.id for n in networks if n.spec.decodes}
    generated = {o.name for o in outputs if isinstance(o.task, Generation)}
    heard = {arc.source for arc in arcs} | {vertex.name for vertex in inputs if vertex.optional}
    found = []
    for position, name in enumerate(order):
        if name not in heard:
            later = [n.id for n in networks if n.id in order[position + 1 :]] + [o.name for o in outputs]
            if not hidden.decides(name):
                shut = {target for target in later if hidden.decides(target)} - decoders | generated
                later = [target for target in later if target not in shut]
            found.append(Arc(name, draw(st.sampled_from(later))))
    return found


def with_space(space: Space, valp: Valp) -> Space:
    """Return ``space`` with room for more sub-networks than ``valp`` has."""
    return replace(space, max_networks=len(valp.networks) + 2)

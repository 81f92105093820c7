"""random_valp: a random valid VALP, the start of a search ([VALP] VI-C; recursive creation, facts A6).

Every valid structure within the limits has a positive probability (tested by enumeration), which the published
recursive creator does not offer. A draw works along a random topological order: every receiver takes at least one
earlier component; a generation output takes only what latents decide; what is left unused is then connected.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from valpnas.catalog import network_kind
from valpnas.contracts.space import Space
from valpnas.errors import ConfigError
from valpnas.graph.tasks import Generation
from valpnas.graph.validity import validate
from valpnas.graph.valp import Arc, Input, Output, OutputTraining, SubNetwork, Valp

_EXTRA_SOURCE = 0.25  # chance of every source beyond the first
_ATTEMPTS = 10_000  # a draw succeeds about one time in two; this many failures in a row means the space is empty


def random_valp(
    inputs: Sequence[Input],
    outputs: Sequence[Output],
    space: Space,
    rng: np.random.Generator,
    networks: tuple[int, int] | None = None,
    training: Mapping[str, OutputTraining] | None = None,
    batch_size: int = 100,
) -> Valp:
    """Draw a valid VALP.

    Args:
        inputs: the problem's inputs.
        outputs: the problem's outputs.
        space: kinds, widths and layers of the sub-networks.
        rng: source of all randomness.
        networks: fewest and most sub-networks; one to two per output when not given.
        training: hyper-parameters per output.
        batch_size: rows per batch.

    Raises:
        ConfigError: no valid VALP exists in the space (a generation output without a decoder kind, say).
    """
    low, high = networks or (len(outputs), min(2 * len(outputs), max(space.max_networks, len(outputs))))
    _check_possible(outputs, space, high)
    for _ in range(_ATTEMPTS):
        chosen = _draw_networks(int(rng.integers(low, high + 1)), outputs, space, rng)
        arcs = _draw_arcs(inputs, chosen, outputs, rng)
        if arcs is not None:
            valp = Valp.make(inputs, chosen, outputs, arcs, training, batch_size)
            validate(valp)
            return valp
    raise ConfigError(
        f"found no valid VALP of {low} to {high} sub-networks for {len(inputs)} inputs and {len(outputs)} outputs; "
        "allow more sub-networks or add the decoder kind"
    )


def _check_possible(outputs: Sequence[Output], space: Space, most: int) -> None:
    generates = any(isinstance(output.task, Generation) for output in outputs)
    if generates and not any(network_kind(kind).random(space, np.random.default_rng(0)).decodes for kind in space.networks):
        raise ConfigError(f"expected a decoder kind for a generation output, got kinds {', '.join(space.networks)}; add 'decoder'")
    if most < 1:
        raise ConfigError(f"expected at least one sub-network, got at most {most}; raise max_networks")


def _draw_networks(count: int, outputs: Sequence[Output], space: Space, rng: np.random.Generator) -> list[SubNetwork]:
    """Draw the kinds and specs; a model that must generate gets at least one decoder."""
    while True:
        specs = [network_kind(str(rng.choice(space.networks))).random(space, rng) for _ in range(count)]
        if not any(isinstance(o.task, Generation) for o in outputs) or any(spec.decodes for spec in specs):
            return [SubNetwork(f"n{i + 1}", spec) for i, spec in enumerate(specs)]


def _draw_arcs(
    inputs: Sequence[Input], networks: Sequence[SubNetwork], outputs: Sequence[Output], rng: np.random.Generator
) -> list[Arc] | None:
    """Draw arcs along the order of ``networks``; None when what is unused has nowhere to go."""
    arcs: list[Arc] = []
    givers = [vertex.name for vertex in inputs]
    latent_only: dict[str, bool] = dict.fromkeys(givers, False)  # decided by latents alone, whatever the inputs
    for network in networks:
        sources = _draw_sources(givers, rng)
        arcs += [Arc(source, network.id) for source in sources]
        latent_only[network.id] = network.spec.decodes or all(latent_only[source] for source in sources)
        givers.append(network.id)
    for output in outputs:
        generates = isinstance(output.task, Generation)
        usable = [giver for giver in givers if latent_only[giver]] if generates else givers
        if not usable:
            return None
        arcs += [Arc(source, output.name) for source in _draw_sources(usable, rng)]
    return _connect_unused(inputs, networks, outputs, arcs, latent_only, rng)


def _draw_sources(givers: Sequence[str], rng: np.random.Generator) -> list[str]:
    """Draw one source, and each other with a small chance."""
    first = int(rng.integers(len(givers)))
    return [giver for i, giver in enumerate(givers) if i == first or rng.random() < _EXTRA_SOURCE]


def _connect_unused(
    inputs: Sequence[Input],
    networks: Sequence[SubNetwork],
    outputs: Sequence[Output],
    arcs: list[Arc],
    latent_only: Mapping[str, bool],
    rng: np.random.Generator,
) -> list[Arc] | None:
    """Connect every unused component to a later one that may hear it; None when one has nowhere to go."""
    order = [*(i.name for i in inputs), *(n.id for n in networks)]
    optional = {i.name for i in inputs if i.optional}
    decoders = {n.id for n in networks if n.spec.decodes}
    generating = {o.name for o in outputs if isinstance(o.task, Generation)}
    for position, name in enumerate(order):
        if name in optional or any(arc.source == name for arc in arcs):
            continue
        later = [n.id for n in networks if n.id in order[position + 1 :]] + [o.name for o in outputs]
        if not latent_only[name]:
            later = [t for t in later if t in decoders or not (t in generating or latent_only.get(t, False))]
        if not later:
            return None
        arcs.append(Arc(name, str(rng.choice(later))))
    return arcs

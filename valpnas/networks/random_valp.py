"""random_valp: a random valid VALP, the start of a search ([VALP] VI-C; recursive creation, facts A6).

Every valid wiring within the limits has a positive probability (tested by enumeration), which the published
recursive creator does not offer; identity arcs and branches come from operators only. A draw works along a random
topological order: every receiver takes at least one earlier component; a generation output takes only what latents
decide; what is left unused is then connected.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count

import numpy as np

from valpnas.catalog import network_kind
from valpnas.contracts.space import Space
from valpnas.errors import ConfigError
from valpnas.graph.spec import Spec
from valpnas.graph.tasks import Generation
from valpnas.graph.validity import validate
from valpnas.graph.valp import Arc, Input, Output, OutputTraining, SubNetwork, Valp
from valpnas.networks.module import count_parameters

_EXTRA_SOURCE = 0.25  # chance of every source beyond the first
_ATTEMPTS = 1000  # a draw succeeds about one time in two; this many failures in a row means the space is empty
_TOO_LARGE = 100  # draws above max_parameters before the smallest of each size and layer is drawn, and as many of those


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
        space: kinds, widths and layers of the sub-networks, and how many of them and of their weights at most.
        rng: source of all randomness.
        networks: fewest and most sub-networks; one to two per output when not given, as far as ``space`` allows.
        training: hyper-parameters per output.
        batch_size: rows per batch.

    Raises:
        ConfigError: no valid VALP exists in the space (a generation output without a decoder kind, say), or none
            was found within its limit of parameters.
    """
    low, high = networks or fewest_and_most(outputs, space)
    _check_possible(inputs, outputs, space, (low, high))
    smallest = 0
    for drawn_from, most in ((space, high), (space.smallest(), low)):
        for _ in range(_TOO_LARGE):
            specs, arcs = _draw(inputs, outputs, drawn_from, (low, most), rng)
            valp = Valp.make(inputs, specs, outputs, arcs, training, batch_size)
            validate(valp)
            count = count_parameters(valp) if space.max_parameters else 0
            if count <= space.max_parameters:
                return valp
            smallest = min(smallest or count, count)
    raise ConfigError(
        f"max_parameters: expected room for a VALP within [space], of which the smallest found has {smallest:,}, "
        f"got {space.max_parameters:,}; raise it, or lower min_width, min_layers and min_latent"
    )


def fewest_and_most(outputs: Sequence[Output], space: Space) -> tuple[int, int]:
    """Return how many sub-networks a drawn VALP has: one to two per output, as far as ``space`` allows."""
    return min(len(outputs), space.max_networks), min(2 * len(outputs), space.max_networks)


def _draw(
    inputs: Sequence[Input],
    outputs: Sequence[Output],
    space: Space,
    limits: tuple[int, int],
    rng: np.random.Generator,
) -> tuple[list[SubNetwork], list[Arc]]:
    """Draw sub-networks and arcs until they fit; raises ``ConfigError`` when they never do."""
    ids = free_ids([*(i.name for i in inputs), *(o.name for o in outputs)], limits[1])
    for _ in range(_ATTEMPTS):
        specs = _draw_specs(int(rng.integers(limits[0], limits[1] + 1)), outputs, space, rng)
        chosen = [SubNetwork(name, spec) for name, spec in zip(ids, specs, strict=False)]
        arcs = _Wiring(inputs, chosen, outputs, rng).draw()
        if arcs is not None:
            return chosen, arcs
    raise ConfigError(
        f"expected to find a valid VALP of {limits[0]} to {limits[1]} sub-networks for {len(inputs)} inputs and "
        f"{len(outputs)} outputs, got none; allow more sub-networks, or add a kind that takes these inputs"
    )


def _check_possible(inputs: Sequence[Input], outputs: Sequence[Output], space: Space, limits: tuple[int, int]) -> None:
    if not inputs or not outputs:
        got = f"{len(inputs)} and {len(outputs)}"
        raise ConfigError(f"expected at least one input and one output, got {got}; mend the problem")
    if not 1 <= limits[0] <= limits[1]:
        got = f"{limits[0]} and {limits[1]}"
        raise ConfigError(f"expected 1 <= fewest <= most sub-networks, got {got}; widen the range")
    if _generates(outputs) and not any(_decodes(kind, space) for kind in space.networks):
        kinds = ", ".join(space.networks)
        raise ConfigError(f"expected a decoder kind for a generation output, got kinds {kinds}; add 'decoder'")


def _generates(outputs: Sequence[Output]) -> bool:
    return any(isinstance(output.task, Generation) for output in outputs)


def _decodes(kind: str, space: Space) -> bool:
    return network_kind(kind).random(space, np.random.default_rng(0)).decodes


def free_ids(taken: Sequence[str], wanted: int) -> list[str]:
    """Return ``n1``, ``n2``, ..., leaving out what a problem calls an input or an output."""
    free = (name for name in (f"n{number}" for number in count(1)) if name not in taken)
    return [next(free) for _ in range(wanted)]


def _draw_specs(wanted: int, outputs: Sequence[Output], space: Space, rng: np.random.Generator) -> list[Spec]:
    """Draw the kinds and specs; a model that must generate gets at least one decoder."""
    while True:
        specs = [network_kind(str(rng.choice(space.networks))).random(space, rng) for _ in range(wanted)]
        if not _generates(outputs) or any(spec.decodes for spec in specs):
            return specs


class _Wiring:
    """Arcs drawn along one topological order: the inputs, then the sub-networks as listed, then the outputs."""

    def __init__(
        self,
        inputs: Sequence[Input],
        networks: Sequence[SubNetwork],
        outputs: Sequence[Output],
        rng: np.random.Generator,
    ) -> None:
        self.rng = rng
        self.inputs = {vertex.name: vertex for vertex in inputs}
        self.specs = {network.id: network.spec for network in networks}
        self.generates = {output.name: isinstance(output.task, Generation) for output in outputs}
        self.shapes = {i.name: i.shape for i in inputs} | {n.id: n.spec.output_shape for n in networks}
        self.latent_only = dict.fromkeys(self.inputs, False)  # decided by latents alone, whatever the inputs
        self.arcs: list[Arc] = []

    def draw(self) -> list[Arc] | None:
        """Return the arcs; None when a receiver has nothing to hear or what is unused has nowhere to go."""
        givers = list(self.inputs)
        for network, spec in self.specs.items():
            sources = self._draw_sources(givers, network)
            self.latent_only[network] = spec.decodes or all(self.latent_only[source] for source in sources)
            givers.append(network)
        for output in self.generates:
            self._draw_sources(givers, output)
        fed = {arc.target for arc in self.arcs} == {*self.specs, *self.generates}
        return self.arcs if fed and self._connect_unused(givers) else None

    def _draw_sources(self, givers: Sequence[str], target: str) -> list[str]:
        """Draw one source among those ``target`` may hear, and each other with a small chance; empty if none may."""
        usable = [giver for giver in givers if self._hears(target, giver)]
        first = int(self.rng.integers(len(usable))) if usable else 0
        drawn = [giver for i, giver in enumerate(usable) if i == first or self.rng.random() < _EXTRA_SOURCE]
        self.arcs += [Arc(source, target) for source in drawn]
        return drawn

    def _connect_unused(self, order: Sequence[str]) -> bool:
        """Connect every unused component to a later one; return whether each found one."""
        for position, name in enumerate(order):
            optional = name in self.inputs and self.inputs[name].optional
            if optional or any(arc.source == name for arc in self.arcs):
                continue
            later = [*(n for n in order[position + 1 :] if n in self.specs), *self.generates]
            open_to = [target for target in later if self._hears(target, name) and self._stays_pure(target, name)]
            if not open_to:
                return False
            self.arcs.append(Arc(name, str(self.rng.choice(open_to))))
        return True

    def _hears(self, target: str, source: str) -> bool:
        if target in self.generates:
            return self.latent_only[source] or not self.generates[target]
        return network_kind(self.specs[target].kind).accepts(self.shapes[source])

    def _stays_pure(self, target: str, source: str) -> bool:
        """Say whether a target that latents alone decide, and that outputs may rely on, still is with ``source``."""
        return self.latent_only[source] or not self.latent_only.get(target, False) or self.specs[target].decodes

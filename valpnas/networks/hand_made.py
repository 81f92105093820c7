"""hand_made: fixed VALPs such as a person would write down, the bar that a search has to clear.

Every input has an encoder, every output hears all encoders, and each generation output has a decoder and a network
behind it. In the trial one such model of 128 units, trained without any search, beat every search that started small;
a comparison of searches without it only shows that more parameters help.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from valpnas.errors import ConfigError
from valpnas.graph.spec import Spec
from valpnas.graph.tasks import Generation
from valpnas.graph.valp import Arc, Input, Output, OutputTraining, SubNetwork, Valp
from valpnas.networks.decoder import DecoderSpec
from valpnas.networks.dense_spec import DenseSpec, Layer
from valpnas.networks.module import count_parameters
from valpnas.networks.random_valp import free_ids

WIDTH = 128  # of every layer, when no number of parameters is asked for
LATENT = 16


def hand_made(
    inputs: Sequence[Input],
    outputs: Sequence[Output],
    layers: int,
    parameters: int = 0,
    training: Mapping[str, OutputTraining] | None = None,
    batch_size: int = 100,
) -> Valp:
    """Return the hand-made VALP whose networks have ``layers`` hidden layers each, all of one width.

    Args:
        inputs: the problem's inputs.
        outputs: the problem's outputs.
        layers: hidden layers of each network: 1 is the wide model, 3 the deep one.
        parameters: the width is the one that comes nearest to so many weights; 0 for ``WIDTH`` units.
        training: hyper-parameters per output.
        batch_size: rows per batch.

    Raises:
        ConfigError: fewer parameters than networks of one unit have.
    """

    def draw(width: int) -> Valp:
        networks, arcs = _draw(inputs, outputs, layers, width)
        return Valp.make(inputs, networks, outputs, arcs, training, batch_size)

    return draw(_nearest_width(lambda width: count_parameters(draw(width)), parameters) if parameters else WIDTH)


def _draw(
    inputs: Sequence[Input], outputs: Sequence[Output], layers: int, width: int
) -> tuple[list[SubNetwork], list[Arc]]:
    dense = DenseSpec(width, (Layer(width, "relu"),) * layers)
    ids = iter(free_ids([*(i.name for i in inputs), *(o.name for o in outputs)], len(inputs) + 2 * len(outputs)))
    networks: list[SubNetwork] = []
    arcs: list[Arc] = []

    def add(spec: Spec, sources: Sequence[str]) -> str:
        networks.append(SubNetwork(next(ids), spec))
        arcs.extend(Arc(source, networks[-1].id) for source in sources)
        return networks[-1].id

    encoders = [add(dense, [vertex.name]) for vertex in inputs]
    for output in outputs:
        generates = isinstance(output.task, Generation)
        heard = [add(dense, [add(DecoderSpec(LATENT, dense), encoders)])] if generates else encoders
        arcs.extend(Arc(source, output.name) for source in heard)
    return networks, arcs


def _nearest_width(count: Callable[[int], int], parameters: int) -> int:
    """Return the width whose ``count``, which grows with it, is nearest to ``parameters``."""
    if parameters < count(1):
        raise ConfigError(
            f"start_parameters: expected at least {count(1)}, which networks of one unit have, got {parameters}; "
            "raise it, or 0 for the width as drawn"
        )
    low, high = 1, 2
    while count(high) < parameters:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if count(middle) <= parameters else (low, middle)
    return min((low, high), key=lambda width: abs(count(width) - parameters))

"""sized_valp: a random VALP of about so many weights - a start that has the size a search is worth beginning from.

In the trial the width of the start mattered more than any operator, and searches that began with small networks spent
their budget on catching up. Drawn like ``random_valp``, widths over a wide range, and drawn again until the number of
weights is near the one asked for. Where that hardly ever happens the range is narrowed from the side that misses, so
that the widths stay as spread as the number of weights allows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from statistics import median

import numpy as np

from valpnas.contracts.space import Space
from valpnas.errors import ConfigError
from valpnas.graph.valp import Input, Output, OutputTraining, Valp
from valpnas.networks.module import count_parameters
from valpnas.networks.random_valp import fewest_and_most, random_valp

TOLERANCE = 0.25  # of the number of weights asked for, to either side
_DRAWS = 10  # from each range of widths
_LAST_DRAWS = 40  # from the very ends of the space, where the last try is made
_NARROWER = 0.7  # the range's end that misses moves by this factor
_REMEDY = "change start_parameters, min_start_width or max_start_width"

Draw = Callable[[Space, tuple[int, int]], Valp]


def sized_valp(
    inputs: Sequence[Input],
    outputs: Sequence[Output],
    space: Space,
    parameters: int,
    rng: np.random.Generator,
    training: Mapping[str, OutputTraining] | None = None,
    batch_size: int = 100,
) -> Valp:
    """Draw a valid VALP whose weights number ``parameters``, within ``TOLERANCE`` and ``space.max_parameters``.

    Args:
        inputs: the problem's inputs.
        outputs: the problem's outputs.
        space: kinds, layers and number of the sub-networks; widths are its ``start_width`` ones.
        parameters: trainable weights, at least 1.
        rng: source of all randomness.
        training: hyper-parameters per output.
        batch_size: rows per batch.

    Raises:
        ConfigError: no such VALP was found, or none exists in the space at all.
    """
    low, high = _band(parameters, space.max_parameters)
    limits = fewest_and_most(outputs, space)

    def draw(drawn_from: Space, networks: tuple[int, int]) -> Valp:
        return random_valp(inputs, outputs, drawn_from, rng, networks, training, batch_size)

    nearest = 0
    for valp, count in _draws(draw, replace(space.of_starts(), max_parameters=0), limits, (low, high)):
        if low <= count <= high:
            return valp
        nearest = min(nearest or count, count, key=lambda found: abs(found - parameters))
    limited = 0 < space.max_parameters < nearest
    remedy = f"lower min_start_width, or raise max_parameters to {1.1 * nearest:,.0f}" if limited else _REMEDY
    raise ConfigError(
        f"start_parameters: expected a random model of {low:,.0f} to {high:,.0f} weights within [space], "
        f"the nearest found has {nearest:,}; {remedy}"
    )


def _band(parameters: int, limit: int) -> tuple[float, float]:
    low, high = (1 - TOLERANCE) * parameters, (1 + TOLERANCE) * parameters
    if 0 < limit < low:
        raise ConfigError(
            f"max_parameters: expected room for a start of at least {low:,.0f} weights, got {limit:,}; raise it, or "
            "lower start_parameters"
        )
    return low, min(high, limit) if limit else high


def _draws(draw: Draw, space: Space, limits: tuple[int, int], band: tuple[float, float]) -> Iterator[tuple[Valp, int]]:
    """Yield VALPs and their numbers of weights, from ever fewer widths, at last from the very ends of the space."""
    while True:
        counts: list[int] = []
        for _ in range(_DRAWS):
            valp = draw(space, limits)
            counts.append(count_parameters(valp))
            yield valp, counts[-1]
        too_large = median(counts) > band[1]
        if space.min_width == space.max_width:
            break
        space = _without_the_widest(space) if too_large else _without_the_narrowest(space)
    fewest, most = limits
    ends = (space.smallest(), (fewest, fewest)) if too_large else (space, (most, most))
    for _ in range(_LAST_DRAWS):
        valp = draw(*ends)
        yield valp, count_parameters(valp)


def _without_the_widest(space: Space) -> Space:
    return replace(space, max_width=max(space.min_width, int(space.max_width * _NARROWER)))


def _without_the_narrowest(space: Space) -> Space:
    return replace(space, min_width=min(space.max_width, int(space.min_width / _NARROWER) + 1))

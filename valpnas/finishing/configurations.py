"""Configurations: a found cell in the macro-architecture that it was searched in, and in larger ones (algorithm 2)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from valpnas.cells.macro import Macro
from valpnas.errors import ConfigError, InvalidCellError
from valpnas.finishing.found import FoundCell
from valpnas.graph.tasks import Classification
from valpnas.graph.valp import SubNetwork
from valpnas.networks.cell_spec import CellSpec
from valpnas.networks.module import count_parameters

# What is added to the motifs and normal cells, and what the filters are multiplied by (POPNASv3 4.1; facts B11).
MOTIFS = (0, 1)
NORMAL_CELLS = (0, 1, 2)
FILTERS = (0.85, 1.0, 1.5, 1.75, 2.0)

Limits = tuple[int, int]


@dataclass(frozen=True)
class Configuration:
    """A found cell as ``spec`` stacks it, of ``parameters`` trained weights, heads included."""

    found: FoundCell
    spec: CellSpec
    parameters: int
    original: bool

    @property
    def name(self) -> str:
        """The same for the same network, and for no other."""
        macro = self.spec.macro
        digest = hashlib.sha256(json.dumps(self.spec.to_json(), sort_keys=True).encode()).hexdigest()
        return f"m{macro.motifs}-n{macro.normal_cells}-f{macro.filters}-{digest[:8]}"


def configurations(found: Sequence[FoundCell], limits: Limits | None, second_exit: bool) -> list[Configuration]:
    """Return what is to be trained: each cell as it was, and within ``limits`` in larger macro-architectures.

    For each number of motifs and of normal cells those are the one with most filters whose parameters lie strictly
    between the limits, if there is one. Without limits cells are trained as they were.

    Raises:
        ConfigError: the limits are none, or no alternative lies between them.
    """
    originals = [configuration(each, each.spec.macro, second_exit, original=True) for each in found]
    if limits is None:
        return originals
    if not 0 <= limits[0] < limits[1]:
        raise ConfigError(f"parameters: expected a least and a larger most, got {limits[0]:,} and {limits[1]:,}")
    made, sizes = list(originals), list[int]()
    for original in originals:
        for several in _alternatives(original, second_exit):
            sizes += [each.parameters for each in several]
            within = [each for each in several if limits[0] < each.parameters < limits[1]]
            made += within[-1:]
    if len(made) == len(originals):
        raise ConfigError(
            f"parameters: expected room for an alternative of {min(sizes):,} to {max(sizes):,} between the limits, got "
            f"{limits[0]:,} and {limits[1]:,}; move them, or leave them out to train cells as they were"
        )
    unique: dict[str, Configuration] = {}
    for each in made:  # of equal ones the original, which is before the others
        unique.setdefault(each.name, each)
    return list(unique.values())


def configuration(found: FoundCell, macro: Macro, second_exit: bool, original: bool = False) -> Configuration:
    """Return ``found`` in ``macro``, with or without a second exit; raises ``InvalidCellError`` if it cannot be."""
    (output,) = found.valp.outputs
    assert isinstance(output.task, Classification)  # noqa: S101 - it would not have been found
    answers = (output.name, output.task.classes) if second_exit else ("", 0)
    exits = replace(macro, exits="two" if second_exit else "last")
    spec = replace(found.spec, macro=exits, answers=answers[0], classes=answers[1])
    (network,) = found.valp.networks
    valp = replace(found.valp, networks=(SubNetwork(network.id, spec),))
    return Configuration(found, spec, count_parameters(valp), original)


def _alternatives(original: Configuration, second_exit: bool) -> Iterator[list[Configuration]]:
    """Yield, for each number of motifs and normal cells that the map has room for, those of all filters, fewest first.

    Filters are rounded down: 0.85 times 24 is 20.
    """
    macro = original.spec.macro
    filters = sorted({max(1, int(macro.filters * factor)) for factor in FILTERS})
    for motifs in MOTIFS:
        for normal_cells in NORMAL_CELLS:
            larger = replace(macro, motifs=macro.motifs + motifs, normal_cells=macro.normal_cells + normal_cells)
            try:
                yield [configuration(original.found, replace(larger, filters=n), second_exit) for n in filters]
            except InvalidCellError:  # the map cannot be halved so often
                break

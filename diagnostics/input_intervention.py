"""input_intervention: which inputs, and which parts of them, does each output rely on?

The rows of an input, or of a part of it, change places with each other, so that what is left is likely data that belong
to other rows::

    ratio = median over draws of (held-out loss after + floor) / (held-out loss before + floor)

per output, losses in units of the constant predictor's. Source: [VALP] IV-B.3 and IV-E.3, which sets features to random
values; changing places keeps their distribution, as in permutation importance (Breiman, Random Forests, 2001, 10).
Parts of a vector are runs of neighbouring features; parts of an image are tiles.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isqrt
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from valpnas.contracts.diagnostic import Diagnostic, ModelView
from valpnas.contracts.finding import Finding
from valpnas.diagnostics._growth import Growth, growth
from valpnas.graph.subgraphs import recomputed_share, served_outputs

Part = Mapping[str, tuple[int, int]]  # first and last index by the name of a dimension


@dataclass(frozen=True)
class InputIntervention(Diagnostic):
    """Classes each input as INPUT_RELEVANT or INPUT_IRRELEVANT to an output, and names the parts it does not need.

    ``parts``: most parts a vector is cut into; ``tiles``: an image is cut into so many rows and columns of tiles;
    ``draws``: permutations, the same for every part; ``relevant``: ratio above which an output relies on what was
    permuted - lower than that of a sub-network, for a part of an input is small; ``floor``: added to both losses;
    ``learnt``: an output whose loss lies above has learnt next to nothing, and nothing is said of it.

    Over its budget it draws less often, down to once; then it looks at fewer, larger parts; then at the first inputs.
    """

    parts: int = 16
    tiles: int = 2
    draws: int = 2
    relevant: float = 1.1
    floor: float = 0.01
    learnt: float = 0.95
    name: ClassVar[str] = "input_intervention"
    emits: ClassVar[Mapping[str, str]] = {"INPUT_RELEVANT": "protect", "INPUT_IRRELEVANT": "none"}

    def cost(self, view: ModelView) -> float:
        """Return the passes: one per input, part and draw."""
        return self._plan(view)[0]

    def examine(self, view: ModelView, rng: np.random.Generator) -> Sequence[Finding]:
        """Return the findings input by input, each output's in turn; cost: a pass per input, part and draw."""
        _, names, most, draws = self._plan(view)
        findings: list[Finding] = []
        for name in names:
            value = view.value(name)
            orders = [torch.as_tensor(rng.permutation(len(value)), device=value.device) for _ in range(draws)]
            findings += self._look_at(view, name, self._cut(view, name, most), orders)
        return findings

    def _plan(self, view: ModelView) -> tuple[float, list[str], int, int]:
        """Return cost, inputs, most parts of each and draws, within the budget."""
        names = [vertex.name for vertex in view.valp.inputs if served_outputs(view.valp, vertex.name)]
        most = max(self.parts, self.tiles**2)
        for draws, parts in [*((d, most) for d in range(self.draws, 0, -1)), *((1, p) for p in _halved(most))]:
            if (cost := draws * self._passes(view, names, parts)) <= self.budget:
                return cost, names, parts, draws
        while names and self._passes(view, names, 1) > self.budget:
            names = names[:-1]
        return self._passes(view, names, 1), names, 1, 1

    def _passes(self, view: ModelView, names: Sequence[str], most: int) -> float:
        each = {name: 1 + len(self._cut(view, name, most)) for name in names}
        return float(sum(count * recomputed_share(view.valp, name) for name, count in each.items()))

    def _cut(self, view: ModelView, name: str, most: int) -> list[Part]:
        shape = view.valp.shape(name)
        if len(shape) == 1:
            return list(_runs(shape[0], min(self.parts, most)))
        return list(_tiles(shape[-2], shape[-1], min(self.tiles, isqrt(most))))

    def _look_at(self, view: ModelView, name: str, parts: Sequence[Part], orders: Sequence[Tensor]) -> list[Finding]:
        before, value = view.losses(), view.value(name)
        outputs = [output for output in served_outputs(view.valp, name) if before[output] <= self.learnt]

        def grown(where: Mapping[str, tuple[int, int]]) -> dict[str, Growth]:
            drawn = [view.losses_with_value(name, _permuted(value, where, order)) for order in orders]
            return growth(before, drawn, outputs, self.floor)

        whole, cut = grown({}), [grown(part) for part in parts]
        findings: list[Finding] = []
        for output in outputs:
            ratios = {f"ratio of {_told(part)}": each[output].ratio for part, each in zip(parts, cut, strict=True)}
            findings.append(self._finding(name, output, whole[output], ratios))
            if findings[-1].kind == "INPUT_RELEVANT":  # else no part of it matters either
                spare = [(p, g[output]) for p, g in zip(parts, cut, strict=True) if g[output].ratio <= self.relevant]
                findings += [self._finding(name, output, found, _numbers(part)) for part, found in spare]
        return findings

    def _finding(self, name: str, output: str, grown: Growth, more: Mapping[str, float]) -> Finding:
        evidence = {"ratio": grown.ratio, "spread": grown.spread, **more}
        strength = float(min(1.0, abs(np.log(grown.ratio / self.relevant))))
        if grown.ratio > self.relevant:
            return Finding("INPUT_RELEVANT", name, output, strength, evidence, "protect")
        return Finding("INPUT_IRRELEVANT", name, output, strength, evidence)


def _runs(features: int, most: int) -> Iterator[Part]:
    """Yield runs of neighbouring features; none when one run would be everything."""
    for run in np.array_split(np.arange(features), min(features, most)) if min(features, most) > 1 else []:
        yield {"feature": (int(run[0]), int(run[-1]))}


def _tiles(rows: int, columns: int, across: int) -> Iterator[Part]:
    """Yield the tiles of an image; none when one tile would be everything."""
    if min(rows, columns, across) < 2:
        return
    for above in np.array_split(np.arange(rows), min(across, rows)):
        for beside in np.array_split(np.arange(columns), min(across, columns)):
            yield {"row": (int(above[0]), int(above[-1])), "column": (int(beside[0]), int(beside[-1]))}


def _halved(most: int) -> Iterator[int]:
    while most > 1:
        most //= 2
        yield most


def _permuted(value: Tensor, part: Part, order: Tensor) -> Tensor:
    """Return ``value`` with the rows of ``part`` in another order, of all of it when there is no part."""
    changed = value[order]
    if part:
        inside = np.zeros(value.shape[1:], dtype=bool)
        before = [slice(None)] * (inside.ndim - len(part))
        inside[tuple(before + [slice(first, last + 1) for first, last in part.values()])] = True
        changed = torch.where(torch.as_tensor(inside, device=value.device), changed, value)
    return changed


def _told(part: Part) -> str:
    spans = {what: f"{first}" if first == last else f"{first}-{last}" for what, (first, last) in part.items()}
    return " ".join(f"{what} {span}" for what, span in spans.items())


def _numbers(part: Part) -> dict[str, float]:
    ends = {what: (float(first), float(last)) for what, (first, last) in part.items()}
    return {f"{end} {what}": pair[i] for what, pair in ends.items() for i, end in enumerate(("first", "last"))}

"""Gain: what a change brought beyond the same batches without it, in the logarithm of each output's figure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from statistics import fmean
from typing import Literal

from valpnas.contracts.operator import Site
from valpnas.experiments.gains.measured import UNCHANGED, Measured

By = Literal["objective", "loss"]


@dataclass(frozen=True)
class Gain:
    """What ``variant`` at ``site`` of a base model gained after ``batches``, by output; above 0 is better.

    ``repeats`` are the mean gains over outputs of each retraining, ``by_output`` the means over these retrainings.
    ``parameters`` and ``multiply_adds`` are factors: how much larger and dearer the model became.
    """

    model: int
    variant: str
    site: Site
    batches: int
    repeats: tuple[float, ...]
    by_output: Mapping[str, float]
    parameters: float
    multiply_adds: float

    @property
    def mean(self) -> float:
        """Mean over retrainings and outputs."""
        return fmean(self.repeats)


def gains(rows: Sequence[Measured], by: By = "loss") -> list[Gain]:
    """Return the gain of every change at every horizon; one whose clone failed in every repeat has none.

    The control of a repeat saw the very batches that the changed clone saw.
    """
    controls = {(row.model, row.repeat, row.batches): row for row in rows if row.variant == UNCHANGED}
    least = _least(rows, by)
    repeated: dict[tuple[int, str, Site, int], list[Measured]] = defaultdict(list)
    for row in rows:
        if row.variant != UNCHANGED and row.batches and (row.model, row.repeat, row.batches) in controls:
            repeated[*row.change, row.batches].append(row)
    return [_gain(found, [controls[r.model, r.repeat, r.batches] for r in found], by, least) for found in
            repeated.values()]  # fmt: skip


def _gain(changed: Sequence[Measured], controls: Sequence[Measured], by: By, least: Mapping[str, float]) -> Gain:
    each = [_by_output(_figures(c, by), _figures(r, by), least) for r, c in zip(changed, controls, strict=True)]
    first, control = changed[0], controls[0]
    return Gain(
        model=first.model,
        variant=first.variant,
        site=first.site,
        batches=first.batches,
        repeats=tuple(fmean(values.values()) for values in each),
        by_output={output: fmean(values[output] for values in each) for output in each[0]},
        parameters=first.parameters / control.parameters,
        multiply_adds=first.multiply_adds / max(control.multiply_adds, 1),
    )


def _by_output(before: Mapping[str, float], after: Mapping[str, float], least: Mapping[str, float]) -> dict[str, float]:
    return {o: log(max(before[o], least[o])) - log(max(after[o], least[o])) for o in before}


def _figures(row: Measured, by: By) -> Mapping[str, float]:
    return row.losses if by == "loss" else row.objectives


def _least(rows: Sequence[Measured], by: By) -> dict[str, float]:
    """Return half the smallest figure above zero of each output: zero errors have no logarithm."""
    found: dict[str, float] = {}
    for row in rows:
        for output, value in _figures(row, by).items():
            if value > 0:
                found[output] = min(found.get(output, value), value)
    return {output: value / 2 for output, value in found.items()}

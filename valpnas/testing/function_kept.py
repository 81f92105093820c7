"""Does a gentle operator keep the function? In float32 and float64, as prediction, under noise, and as samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from valpnas.contracts.model import Model
from valpnas.contracts.operator import Operator, Site, vary
from valpnas.testing.conformance_error import require
from valpnas.testing.probes import Probe, answers, in_double, is_sample

PROMISE = "a gentle operator keeps the function"
FLOAT32, FLOAT64 = 1e-5, 1e-10  # times the largest output, or 1 where that is smaller


@dataclass(frozen=True, eq=False)
class Baseline:
    """What a model answers before it is changed, so that its sites need not ask again; ``parents[0]`` is the model."""

    parents: tuple[Model, ...]
    probe: Probe
    answers: Mapping[str, Tensor]
    tolerance: float

    @staticmethod
    def both(parents: tuple[Model, ...], rng: np.random.Generator) -> tuple[Baseline, Baseline]:
        """Ask the parent in float32 and in float64, on one batch.

        float64 tells a change of the function from rounding; float32 is what is trained, so it counts too.
        """
        probe = Probe.draw(parents[0].valp, rng)
        double = tuple(map(in_double, parents))
        return (
            Baseline(parents, probe, answers(parents[0], probe), FLOAT32),
            Baseline(double, probe, answers(double[0], probe), FLOAT64),
        )


def check_function_kept(operator: Operator, baseline: Baseline, site: Site, seed: int) -> None:
    """Raise ``ConformanceError`` when an answer of the changed model differs from its parent's.

    Samples of an operator that ``resamples`` may.
    """
    child = vary(operator, baseline.parents, site, np.random.default_rng(seed))
    after = answers(child, baseline.probe)
    kept = {what: value for what, value in baseline.answers.items() if not (operator.resamples and is_sample(what))}
    for what, value in kept.items():
        _check_equal(f"{operator.name} at {site}: {what}", value, after[what], baseline.tolerance)


def _check_equal(what: str, before: Tensor, after: Tensor, tolerance: float) -> None:
    require(before.shape == after.shape, PROMISE, f"{what} of shape {tuple(before.shape)}", tuple(after.shape))
    allowed = tolerance * max(1.0, float(before.abs().max()))
    difference = float((before - after).abs().max())
    require(difference <= allowed, PROMISE, f"{what} to within {allowed:.3g} in {before.dtype}", f"{difference:.3g}")

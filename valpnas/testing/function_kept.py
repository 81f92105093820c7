"""Does a gentle operator keep the function? In float32 and float64, as prediction, under noise, and as samples."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from valpnas.contracts.model import Model
from valpnas.contracts.operator import Operator, Site, vary
from valpnas.testing.conformance_error import require
from valpnas.testing.probes import Probe, answers, in_double

PROMISE = "a gentle operator keeps the function"
FLOAT32, FLOAT64 = 1e-5, 1e-10  # times the largest output, or 1 where that is smaller


def check_function_kept(operator: Operator, parents: tuple[Model, ...], site: Site, seed: int) -> None:
    """Raise ``ConformanceError`` when an answer of the changed model differs from its parent's.

    float64 tells a change of the function from rounding; float32 is what is trained, so it counts too.
    """
    probe = Probe.draw(parents[0].valp, np.random.default_rng(seed))
    for group, tolerance in ((parents, FLOAT32), (tuple(map(in_double, parents)), FLOAT64)):
        child = vary(operator, group, site, np.random.default_rng(seed))
        before, after = answers(group[0], probe), answers(child, probe)
        for what, value in before.items():
            _check_equal(f"{operator.name} at {site}: {what}", value, after[what], tolerance)


def _check_equal(what: str, before: Tensor, after: Tensor, tolerance: float) -> None:
    require(before.shape == after.shape, PROMISE, f"{what} of shape {tuple(before.shape)}", tuple(after.shape))
    allowed = tolerance * max(1.0, float(before.abs().max()))
    difference = float((before - after).abs().max())
    require(difference <= allowed, PROMISE, f"{what} to within {allowed:.3g} in {before.dtype}", f"{difference:.3g}")

"""Prices on fabricated gains: what can be told is told, what is noise is not, and no model judges itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from valpnas.contracts.operator import Site
from valpnas.experiments.gains import prices as module
from valpnas.experiments.gains.gain import Gain
from valpnas.experiments.gains.prices import Price, prices

MODELS = 12
PLACES = 6


@pytest.fixture
def fabricated(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return what makes gains that follow the trait "telling" by so much, with a trait of noise beside it."""

    def make(weight: float) -> list[Price]:
        rng = np.random.default_rng(0)
        telling, noise = rng.standard_normal((2, MODELS * PLACES))
        gained = weight * telling + 0.3 * rng.standard_normal(MODELS * PLACES)
        found = [
            Gain(
                i // PLACES, "op", Site(components=(f"n{i}",)), 400, (value - 0.1, value + 0.1), {"a": value}, 1.0, 1.0
            )
            for i, value in enumerate(gained)
        ]
        rows = np.stack([telling, noise], 1)
        monkeypatch.setattr(module, "trait_rows", lambda *_: (rows, ("telling", "noise")))
        return prices(found, [])

    return make


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_what_can_be_told_is_told_whatever_its_sign(fabricated: Any, sign: float) -> None:
    found = {price.predictor: price for price in fabricated(sign)}
    assert found["telling"].mean > 0.8
    assert found["ridge"].mean > 0.8
    assert found["forest"].mean > 0.7
    assert found["telling"].p < 0.001
    assert abs(found["noise"].mean) < 0.35
    assert found["telling"].ceiling is not None
    assert found["telling"].ceiling > 0.9


def test_of_noise_nothing_is_told(fabricated: Any) -> None:
    found = {price.predictor: price for price in fabricated(0.0)}
    assert all(price.mean < 0.35 for price in found.values())  # signs taken elsewhere are rather wrong, if anything
    assert found["ridge"].p > 0.01

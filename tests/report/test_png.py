"""PNG files: another program reads back the same image."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from matplotlib.image import imread

from valpnas.report.png import png


@pytest.mark.parametrize("shape", [(1, 1), (5, 3), (4, 6, 3)])
def test_an_image_is_read_back(shape: tuple[int, ...]) -> None:
    image = np.random.default_rng(0).random(shape)
    assert np.abs(imread(BytesIO(png(image)), format="png") - image).max() <= 0.51 / 255


def test_values_out_of_range_are_clipped() -> None:
    assert imread(BytesIO(png(np.array([[-1.0, 2.0]]))), format="png").tolist() == [[0.0, 1.0]]

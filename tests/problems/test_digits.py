"""digits: the embedded images, their three tasks, and the figures committed with them."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from tests.problems.constants import frechet, reference_of
from valpnas.contracts.problem import PARTS, Part, Parts, Reader, check_part
from valpnas.problems.digits import BINS, digits, grey_histograms


@pytest.fixture(scope="module")
def parts() -> Parts:
    return digits().load(Reader())


def test_every_part_fits_the_declaration(parts: Parts) -> None:
    sizes = []
    for name in PARTS:
        part: Part = getattr(parts, name)
        check_part(digits().inputs, digits().outputs, part)
        assert len(np.unique(part.targets["digit"])) == 10
        sizes.append(len(part))
    assert sizes == [1078, 180, 269, 270]


def test_the_images_are_those_of_scikit_learn(parts: Parts) -> None:
    from sklearn.datasets import load_digits

    ours = np.concatenate([getattr(parts, name).inputs["pixels"] for name in PARTS]).reshape(-1, 64) * 16
    assert sorted(map(tuple, ours.tolist())) == sorted(map(tuple, load_digits().data.tolist()))
    assert np.array_equal(parts.train.targets["sample"], parts.train.inputs["pixels"])


def test_histograms_are_numpys(parts: Parts) -> None:
    pixels = parts.validation.inputs["pixels"].astype(np.float32)
    ours = parts.validation.targets["histogram"]
    numpys = [np.histogram(image, bins=BINS, range=(0, 1))[0] / image.size for image in pixels]
    assert np.allclose(ours, numpys)
    assert np.array_equal(ours, grey_histograms(pixels))
    assert np.allclose(ours.sum(axis=1), 1)


def test_every_load_is_the_same(parts: Parts) -> None:
    again = digits().load(Reader())
    for name in PARTS:
        assert np.array_equal(getattr(again, name).inputs["pixels"], getattr(parts, name).inputs["pixels"])


def test_the_reference_is_the_constant_predictor(parts: Parts) -> None:
    assert digits().reference == pytest.approx(reference_of(digits(), parts), abs=5e-4)


def test_the_ideal_of_a_sample_is_the_noise_of_its_yardstick(parts: Parts) -> None:
    """Not even the training images come nearer to the validation rows."""
    train, held_out = (part.targets["sample"].astype(np.float64) for part in (parts.train, parts.validation))
    assert digits().ideal["sample"] <= frechet(train, held_out, train, 20) <= 1.1 * digits().ideal["sample"]
    assert frechet(held_out, held_out, train, 20) == pytest.approx(0, abs=1e-6)


def test_less_than_one_wrong_digit_is_ideal(parts: Parts) -> None:
    assert digits().ideal["digit"] < 1 / len(parts.validation)


def test_nothing_is_read_before_it_is_loaded() -> None:
    code = "import sys; from valpnas.problems.digits import digits; digits(); print('sklearn' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"

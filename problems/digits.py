"""digits: scikit-learn's embedded 8x8 hand-written digits, with three tasks of three different kinds.

The images are the test set of the UCI "Optical Recognition of Handwritten Digits" (Alpaydin and Kaynak 1998):
1,797 images with 17 grey levels. The histogram is a deterministic function of the pixels, yet hard for dense
networks, which is what makes the problem multi-task in earnest: no output's best network is another's.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from valpnas.contracts.augmentation import Augmentation
from valpnas.contracts.problem import Array, Part, Parts, Problem, Reader, SampleScorer
from valpnas.graph.tasks import Classification, Distribution, Generation
from valpnas.graph.valp import Input, Output
from valpnas.problems._grey_histograms import BINS, grey_histograms

SPLIT_SEED = 0
LEVELS = 16  # the brightest pixel of the raw images
SHAPE = (1, 8, 8)

# Validation objectives of the constant predictor: the commonest class, the mean histogram and the mean image of the
# training rows (recomputed by a test). A constant explains none of the histograms' variance, hence 1.
REFERENCE = {"digit": 0.911, "histogram": 1.0, "sample": 4.211}

# Bounds that no model is expected to pass. digit: a support-vector machine misses one of the 269 validation rows
# (0.0037). histogram: dense networks and ridge regression leave 0.6. sample: the training images themselves are at
# 0.084 from the validation rows, draws from a Gaussian fitted to them at about 0.1; that is the noise floor of the
# yardstick, so a bound below it would only measure how far it lies from zero.
IDEAL = {"digit": 0.003, "histogram": 0.1, "sample": 0.08}


def digits() -> Problem:
    """Return the problem; its images are read when they are loaded."""
    return Problem(
        name="digits",
        summary="8x8 hand-written digits: name the digit, count its grey levels, draw new ones",
        inputs=(Input("pixels", SHAPE, kind="image"),),
        outputs=(
            Output("digit", Classification(10)),
            Output("histogram", Distribution(BINS)),
            Output("sample", Generation(SHAPE)),
        ),
        load=_load,
        reference=REFERENCE,
        ideal=IDEAL,
        samplers={"sample": SampleScorer("pca-frechet", components=20, samples=1000)},
    )


def digits_class() -> Problem:
    """Return the problem of naming the digit alone: the same rows in the same parts."""
    return Problem(
        name="digits-class",
        summary="8x8 hand-written digits: name the digit",
        inputs=(Input("pixels", SHAPE, kind="image"),),
        outputs=(Output("digit", Classification(10)),),
        load=_load_classes,
        reference={"digit": REFERENCE["digit"]},
        ideal={"digit": IDEAL["digit"]},
        augmentation=Augmentation(shift=0.125),  # a mirrored digit is another one, or none
    )


def _load(_: Reader) -> Parts:
    pixels, digit = _images()
    targets: dict[str, Array] = {"digit": digit, "histogram": grey_histograms(pixels), "sample": pixels}
    return Parts.split(Part({"pixels": pixels}, targets), SPLIT_SEED)


def _load_classes(_: Reader) -> Parts:
    pixels, digit = _images()
    return Parts.split(Part({"pixels": pixels}, {"digit": digit}), SPLIT_SEED)


def _images() -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    from sklearn.datasets import load_digits  # embedded in scikit-learn: nothing is fetched

    data = load_digits()
    pixels = (data.images / LEVELS).astype(np.float32).reshape(-1, *SHAPE)
    return pixels, data.target.astype(np.int64)

"""cifar10-jpeg: the first images of each class of CIFAR-10 after JPEG, which is lossy; every figure is marked so.

For machines that cannot have the original 170 MB. The file is one's own: an ``.npz`` with ``train_jpeg``,
``train_offsets`` and ``train_labels``, and the same for ``test``; image ``i`` is the bytes
``jpeg[offsets[i]:offsets[i + 1]]``. Errors on it are not those of CIFAR-10: an eighth of the images, and artefacts.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from valpnas.contracts.data_files import DataFile, read_content
from valpnas.contracts.problem import Problem, Reader
from valpnas.errors import DataError
from valpnas.problems._cifar import CLASSES, SHAPE, Images, cifar_problem

FILE = DataFile("cifar10_jpeg_subset_12000.npz", url="", sha256="", folder="cifar10-jpeg")
HELD_OUT = (500, 1500)  # of 10,000, for diagnostics and for validation
REFERENCE = {"label": 0.9}
NOTE = "lossy: CIFAR-10 after JPEG, a part of its images only; figures are not comparable with those of CIFAR-10"


def cifar10_jpeg() -> Problem:
    """Return the problem; its file is looked for when it is loaded."""
    summary = "32x32 colour images after JPEG (lossy): name what is on them, one of ten things"
    return cifar_problem("cifar10-jpeg", summary, FILE, _read, HELD_OUT, REFERENCE, (NOTE,))


def _read(reader: Reader) -> tuple[Images, Images]:
    content = read_content(FILE, reader)
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return _images(arrays, "train"), _images(arrays, "test")
    except (KeyError, ValueError, OSError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(
            f"{FILE.name}: expected jpeg, offsets and labels of train and test, got {error}; replace it"
        ) from error


def _images(arrays: np.lib.npyio.NpzFile, part: str) -> Images:
    jpeg, offsets, labels = (arrays[f"{part}_{what}"] for what in ("jpeg", "offsets", "labels"))
    if len(offsets) != len(labels) + 1 or offsets[-1] > len(jpeg) or (np.diff(offsets) <= 0).any():
        raise DataError(f"{FILE.name}: expected offsets of {len(labels)} images, got others; replace it")
    if labels.max() >= CLASSES:
        raise DataError(f"{FILE.name}: expected labels below {CLASSES}, got {labels.max()}; replace it")
    data = jpeg.tobytes()
    pixels = np.stack([decoded(data[a:b]) for a, b in pairwise(offsets)])
    return Images(pixels, labels.astype(np.uint8))


def decoded(jpeg: bytes) -> NDArray[np.uint8]:
    """Return the image in a JPEG file, ``(3, 32, 32)``; raises ``DataError`` when it is none of this size."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as image:
            pixels = np.asarray(image.convert("RGB")).transpose(2, 0, 1)
    except (UnidentifiedImageError, OSError) as error:
        raise DataError(f"{FILE.name}: expected JPEG images, got one that cannot be read; replace it") from error
    if pixels.shape != SHAPE:
        raise DataError(f"{FILE.name}: expected images of shape {SHAPE}, got {pixels.shape}; replace it")
    return pixels

"""MNIST and its look-alikes: 28x28 grey images in four IDX files, read, split, and made into one kind of problem."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from valpnas.contracts.augmentation import Augmentation
from valpnas.contracts.data_files import DataFile, read_content
from valpnas.contracts.problem import Array, Part, Parts, Problem, Reader, SampleScorer
from valpnas.errors import DataError
from valpnas.graph.tasks import Classification, Distribution, Generation
from valpnas.graph.valp import Input, Output
from valpnas.problems._grey_histograms import BINS, grey_histograms

Bytes = NDArray[np.uint8]
Labels = NDArray[np.int64]

SHAPE = (1, 28, 28)
CLASSES = 10

# The 10,000 official test images are the test part, so that test errors can be compared with anybody's. The other
# parts are drawn from the 60,000 official training images; 53,000 of them train.
SPLIT_SEED = 0
VALIDATION = 5000  # an error of 10 % is then known to 0.4 %
DIAGNOSTIC = 2000

OUTPUTS = (
    Output("label", Classification(CLASSES)),
    Output("histogram", Distribution(BINS)),
    Output("sample", Generation(SHAPE)),
)
SCORER = SampleScorer("classifier-frechet", samples=2000, target="label")

_NAMES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
_UNSIGNED_BYTE = 0x08


def idx_files(address: str, folder: str, checksums: Sequence[str]) -> tuple[DataFile, ...]:
    """Return the four files below ``address``: training images and labels, test images and labels.

    The checksums are of the unpacked content: the same images are about in several gzip wrappers.
    """
    return tuple(
        DataFile(f"{name}.gz", f"{address}{name}.gz", checksum, folder, normalise=gzip.decompress)
        for name, checksum in zip(_NAMES, checksums, strict=True)
    )


def load_parts(
    files: Sequence[DataFile], reader: Reader, make: Callable[[Bytes, Labels], Part], most: int | None = None
) -> Parts:
    """Read the files and make each part of its images ``(n, 28, 28)`` and labels ``(n,)``; ``most`` rows train."""
    images, labels, test_images, test_labels = (read_idx(read_content(file, reader), file.name) for file in files)
    order = np.random.default_rng(SPLIT_SEED).permutation(len(images))
    validation, diagnostic, train = np.split(order, [VALIDATION, VALIDATION + DIAGNOSTIC])

    def chosen(rows: NDArray[np.int64]) -> Part:
        rows = np.sort(rows)
        return make(images[rows], labels[rows].astype(np.int64))

    test = make(test_images, test_labels.astype(np.int64))
    return Parts(chosen(train[:most]), chosen(diagnostic), chosen(validation), test)


def read_idx(content: bytes, name: str) -> Bytes:
    """Return the array of bytes in an IDX file: four bytes of kind, a size per dimension, the values in C order.

    Raises:
        DataError: it is no IDX file of unsigned bytes, or not as long as its sizes say.
    """
    if len(content) < 4 or content[:3] != bytes([0, 0, _UNSIGNED_BYTE]):
        raise DataError(f"{name}: expected an IDX file of unsigned bytes, got {content[:4].hex()}; replace the file")
    start = 4 + 4 * content[3]
    if len(content) < start:
        raise DataError(f"{name}: expected {content[3]} sizes, got {(len(content) - 4) // 4}; replace the file")
    shape = tuple(int(size) for size in np.frombuffer(content[4:start], dtype=">u4"))
    values = np.frombuffer(content, dtype=np.uint8, offset=start)
    if len(values) != np.prod(shape):
        raise DataError(f"{name}: expected {shape} values, got {len(values)}; replace the file")
    return values.reshape(shape)


def targets_of(images: Bytes, labels: Labels) -> dict[str, Array]:
    """Return the targets of ``OUTPUTS``."""
    pixels = pixels_of(images)
    return {"label": labels, "histogram": grey_histograms(pixels), "sample": pixels}


def pixels_of(images: Bytes) -> NDArray[np.float32]:
    """Return the images as ``(n, 1, height, width)`` numbers in [0, 1]."""
    return np.divide(images, 255, dtype=np.float32)[:, None]


def whole_images(images: Bytes, labels: Labels) -> Part:
    """Return rows with one input, ``pixels``; the images to be drawn are the same array."""
    targets = targets_of(images, labels)
    return Part({"pixels": targets["sample"]}, targets)


def whole_image_problem(
    name: str,
    summary: str,
    files: Sequence[DataFile],
    reference: Mapping[str, float],
    ideal: Mapping[str, float],
) -> Problem:
    """Return the problem of whole images; its files are looked for, and fetched if need be, when it is loaded."""
    return Problem(
        name=name,
        summary=summary,
        inputs=(Input("pixels", SHAPE, kind="image"),),
        outputs=OUTPUTS,
        load=lambda reader: load_parts(files, reader, whole_images),
        reference=reference,
        ideal=ideal,
        samplers={"sample": SCORER},
        files=tuple(files),
    )


def labels_alone(images: Bytes, labels: Labels) -> Part:
    """Return rows with one input, ``pixels``, and one target, ``label``."""
    return Part({"pixels": pixels_of(images)}, {"label": labels})


def image_class_problem(
    name: str,
    summary: str,
    files: Sequence[DataFile],
    reference: Mapping[str, float],
    ideal: Mapping[str, float],
    augmentation: Augmentation,
    most: int | None = None,
) -> Problem:
    """Return the problem of naming what is on the images; files are treated as in ``whole_image_problem``.

    ``most`` rows train, drawn from all that could; None for all.
    """
    return Problem(
        name=name,
        summary=summary,
        inputs=(Input("pixels", SHAPE, kind="image"),),
        outputs=OUTPUTS[:1],
        load=lambda reader: load_parts(files, reader, labels_alone, most),
        reference=reference,
        ideal=ideal,
        files=tuple(files),
        augmentation=augmentation,
    )

"""fashion-halves: the left and the right half of a Fashion-MNIST image as two inputs, and four tasks.

The same images, parts and tasks as ``fashion-mnist``, and one task more: which half is brighter. Naming and drawing
need both halves, the histogram is the mean of the halves' own, and the brighter half can be told from two sums: what
must be joined, and how late, differs from output to output.
"""

from __future__ import annotations

import numpy as np

from valpnas.contracts.problem import Part, Parts, Problem, Reader
from valpnas.graph.tasks import Classification
from valpnas.graph.valp import Input, Output
from valpnas.problems._idx_images import OUTPUTS, SCORER, SHAPE, Bytes, Labels, load_parts, pixels_of, targets_of
from valpnas.problems.fashion_mnist import FILES
from valpnas.problems.fashion_mnist import IDEAL as WHOLE_IDEAL
from valpnas.problems.fashion_mnist import REFERENCE as WHOLE_REFERENCE

WIDTH = SHAPE[2] // 2
HALF = (1, SHAPE[1], WIDTH)

# As in ``fashion-mnist``, whose parts these are; the right half is the brighter one in three images of four, and dense
# networks miss 1 in 100.
REFERENCE = {**WHOLE_REFERENCE, "brighter": 0.24}
IDEAL = {**WHOLE_IDEAL, "brighter": 0.002}


def fashion_halves() -> Problem:
    """Return the problem; its files are looked for, and fetched if need be, when it is loaded."""
    return Problem(
        name="fashion-halves",
        summary="28x28 images of clothes in two halves: the tasks of fashion-mnist, and which half is brighter",
        inputs=(Input("left", HALF, kind="image"), Input("right", HALF, kind="image")),
        outputs=(*OUTPUTS, Output("brighter", Classification(2))),
        load=_load,
        reference=REFERENCE,
        ideal=IDEAL,
        samplers={"sample": SCORER},
        files=FILES,
    )


def _load(reader: Reader) -> Parts:
    return load_parts(FILES, reader, halves)


def halves(images: Bytes, labels: Labels) -> Part:
    """Return rows with two inputs, ``left`` and ``right``."""
    left, right = images[:, :, :WIDTH], images[:, :, WIDTH:]
    targets = {**targets_of(images, labels), "brighter": brighter(left, right)}
    return Part({"left": pixels_of(left), "right": pixels_of(right)}, targets)


def brighter(left: Bytes, right: Bytes) -> Labels:
    """Return 1 where the right half's grey levels add up to more, else 0: a tie (one image in 10,000) counts as left.

    The sums are of whole numbers, so that rounding decides nothing.
    """
    left_sum, right_sum = (half.sum(axis=(1, 2), dtype=np.int64) for half in (left, right))
    right_is_brighter: Labels = (right_sum > left_sum).astype(np.int64)
    return right_is_brighter

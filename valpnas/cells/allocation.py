"""Which units an operation becomes where it stands: it keeps its input's shape, or changes depth, extents or both.

POPNASv3 3.1, facts B3: what cannot change a shape itself is helped by pooling and pointwise convolutions, and only
where the shape does change.
"""

from __future__ import annotations

from typing import Literal

from valpnas.cells.operation import Operation, read_operation
from valpnas.cells.units import Convolution, Pool, Recurrent, Separable, Transposed, Unit
from valpnas.errors import InvalidCellError
from valpnas.graph.spec import Shape

Case = Literal["same", "depth", "spatial", "both"]
_SERIES, _IMAGES = ("series", "7 conv", "1x140"), ("images", "3x3 conv", "3x32x32")
_UPSAMPLING = 2  # stride of the transposed half of a tconv


def case_of(entry: Shape, filters: int, stride: int) -> Case:
    """Return what changes between an operation's input ``(channels, *extent)`` and its ``filters`` at ``stride``."""
    if stride == 1:
        return "same" if entry[0] == filters else "depth"
    return "spatial" if entry[0] == filters else "both"


def allocate(text: str, entry: Shape, filters: int, stride: int) -> tuple[Unit, ...]:
    """Return the units of the operation ``text`` in order; none at all where an identity has nothing to change.

    Args:
        text: the operation's expression.
        entry: shape of its input, ``(channels, *extent)``.
        filters: channels to emit.
        stride: how many times smaller the extents of what it emits are.

    Raises:
        InvalidCellError: the operation is unknown, or for maps of other dimensions.
    """
    operation, dimensions = read_operation(text), len(entry) - 1
    if operation.dimensions not in (None, dimensions):
        wanted, other = (_SERIES, _IMAGES) if dimensions == 1 else (_IMAGES, _SERIES)
        raise InvalidCellError(
            "operation",
            f"expected an operation for {wanted[0]}, got {text!r}, which is for {other[0]}; "
            f"write one such as {wanted[1]!r}, or give an input such as {other[2]} (--input, --problem)",
        )
    case = case_of(entry, filters, stride)
    match operation.form:
        case "identity":
            return () if case == "same" else (pointwise(entry, filters, stride),)
        case "maxpool" | "avgpool":
            return _pooled(operation, entry, filters, stride)
        case "lstm" | "gru":
            return _then_pool(Recurrent(entry, filters, operation.form), stride)
        case _:
            return _convolved(operation, entry, filters, stride)


def pointwise(entry: Shape, filters: int, stride: int = 1) -> Convolution:
    """Return a convolution of kernel 1."""
    return Convolution(entry, filters, (1,) * (len(entry) - 1), stride)


def projection(entry: Shape, filters: int, stride: int) -> tuple[Unit, ...]:
    """Return the units that bring the summand of a residual to shape: max pooling, a pointwise convolution, or both."""
    pooled = (Pool(entry, "max", (2,) * (len(entry) - 1), stride),) if stride > 1 else ()
    between = pooled[-1].output if pooled else entry
    return pooled if between[0] == filters else (*pooled, pointwise(between, filters))


def _pooled(operation: Operation, entry: Shape, filters: int, stride: int) -> tuple[Unit, ...]:
    pool = Pool(entry, "max" if operation.form == "maxpool" else "avg", operation.kernels[0], stride)
    return (pool,) if entry[0] == filters else (pool, pointwise(pool.output, filters))


def _convolved(operation: Operation, entry: Shape, filters: int, stride: int) -> tuple[Unit, ...]:
    first, dilation = operation.kernels[0], operation.dilation
    if operation.form == "tconv":
        up = Transposed(entry, filters, first, _UPSAMPLING)
        return up, Convolution(up.output, filters, first, _UPSAMPLING * stride)
    if operation.form == "stacked":
        strided = Convolution(entry, filters, first, stride)
        return strided, Convolution(strided.output, filters, operation.kernels[1])
    kind = Separable if operation.form == "dconv" else Convolution
    if dilation == 1:
        return (kind(entry, filters, first, stride),)
    return _then_pool(kind(entry, filters, first, 1, dilation), stride)  # never both strided and dilated


def _then_pool(unit: Unit, stride: int) -> tuple[Unit, ...]:
    kernel = (stride,) * (len(unit.output) - 1)
    return (unit,) if stride == 1 else (unit, Pool(unit.output, "max", kernel, stride))

"""Padding "same" as TensorFlow counts it: ceil(extent / stride) entries come out, and an odd rest is padded behind."""

from __future__ import annotations


def same_extent(extent: int, stride: int) -> int:
    """Return the extent of what a strided operation emits."""
    return -(-extent // stride)


def same_padding(extent: int, kernel: int, stride: int, dilation: int = 1) -> tuple[int, int]:
    """Return how many entries to pad before and behind."""
    reach = (kernel - 1) * dilation + 1
    total = max((same_extent(extent, stride) - 1) * stride + reach - extent, 0)
    return total // 2, total - total // 2


def cropping(kernel: int, stride: int) -> int:
    """Return how many entries a transposed convolution loses at its start, to emit ``extent * stride`` of them."""
    return max(kernel - stride, 0) // 2

"""Calls: a schedule is a list of prepared calls without arguments, so that a batch is one loop over them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from torch import Tensor

Call = Callable[[], Any]
Calls = list[Call]

__all__ = ["Call", "Calls", "partial", "product_into"]


def product_into(total: Tensor, one: Tensor, other: Tensor) -> Call:
    """Return the call that adds ``one @ other`` to ``total``; stacks of matrices when there are three dimensions."""
    add = total.addmm_ if total.dim() == 2 else total.baddbmm_
    return partial(add, one, other)

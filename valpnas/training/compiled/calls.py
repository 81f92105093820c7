"""Calls: a schedule is a list of prepared calls without arguments, so that a batch is one loop over them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor

Call = Callable[[], Any]
Calls = list[Call]

__all__ = ["Call", "Calls", "partial", "product_into", "product_to"]


def product_into(total: Tensor, one: Tensor, other: Tensor) -> Call:
    """Return the call that adds ``one @ other`` to ``total``; stacks of matrices when there are three dimensions."""
    add = total.addmm_ if total.dim() == 2 else total.baddbmm_
    return partial(add, one, other)


def product_to(result: Tensor, one: Tensor, other: Tensor) -> Call:
    """Return the call that writes ``one @ other`` to ``result``; stacks of matrices when there are three dimensions."""
    return partial(torch.mm if result.dim() == 2 else torch.bmm, one, other, out=result)

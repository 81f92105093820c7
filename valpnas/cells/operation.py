"""Operation: what a block applies to an input, read from the paper's expressions.

``identity``, ``KxK[:Ddr] conv``, ``KxK[:Ddr] dconv``, ``K1xK2-K3xK4 conv``, ``KxK tconv``, ``KxK maxpool``,
``KxK avgpool``, ``lstm`` and ``gru`` (POPNASv3 3.1; facts B3). A series' kernel is a single number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, cast

from valpnas.errors import InvalidValpError

Form = Literal["identity", "conv", "dconv", "stacked", "tconv", "maxpool", "avgpool", "lstm", "gru"]

_EXPRESSION = re.compile(
    r"(?P<kernel>\d+(?:x\d+)?)(?:-(?P<second>\d+(?:x\d+)?))?(?::(?P<dilation>\d+)dr)? "
    r"(?P<form>conv|dconv|tconv|maxpool|avgpool)"
)
_PLAIN: dict[str, Form] = {"identity": "identity", "lstm": "lstm", "gru": "gru"}
_RECURRENT = ("lstm", "gru")
_DILATED = ("conv", "dconv")
_KNOWN = (
    "identity, lstm, gru, or KERNEL[:Ddr] conv | dconv, KERNEL-KERNEL conv, KERNEL tconv | maxpool | avgpool, "
    "where KERNEL is 3 for series and 3x3 for images"
)


@dataclass(frozen=True)
class Operation:
    """An operation; ``kernels`` has one kernel, two when stacked, none where the form takes none."""

    text: str
    form: Form
    kernels: tuple[tuple[int, ...], ...] = ()
    dilation: int = 1

    @property
    def dimensions(self) -> int | None:
        """1 when it is for series, 2 for images, None when it is for both."""
        return 1 if self.form in _RECURRENT else len(self.kernels[0]) if self.kernels else None


@lru_cache(maxsize=1024)
def read_operation(text: str) -> Operation:
    """Return the operation that an expression names.

    Raises:
        InvalidValpError: the expression is none of the known ones, or has a kernel or dilation of no extent.
    """
    if text in _PLAIN:
        return Operation(text, _PLAIN[text])
    match = _EXPRESSION.fullmatch(text)
    if not match:
        raise InvalidValpError("operation", f"expected {_KNOWN}, got {text!r}")
    kernels = tuple(tuple(map(int, part.split("x"))) for part in (match["kernel"], match["second"]) if part)
    form, dilation = _form(match), int(match["dilation"] or 1)
    _check(text, form, kernels, dilation, plain=not match["dilation"])
    return Operation(text, form, kernels, dilation)


def _form(match: re.Match[str]) -> Form:
    form = cast(Form, match["form"])  # the pattern names forms only
    return "stacked" if match["second"] and form == "conv" else form


def _check(text: str, form: Form, kernels: tuple[tuple[int, ...], ...], dilation: int, *, plain: bool) -> None:
    if len(kernels) == 2 and form != "stacked":
        raise InvalidValpError("operation", f"expected two kernels with conv only, got {text!r}")
    if not plain and form not in _DILATED:
        raise InvalidValpError("operation", f"expected a dilation with conv and dconv only, got {text!r}")
    if len({len(kernel) for kernel in kernels}) > 1 or dilation < 1 or min(map(min, kernels)) < 1:
        raise InvalidValpError("operation", f"expected extents from 1 on, alike in number, got {text!r}")

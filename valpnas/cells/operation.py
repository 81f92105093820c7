"""Operation: what a block applies to an input, read from the paper's expressions.

``identity``, ``KxK[:Ddr] conv``, ``KxK[:Ddr] dconv``, ``K1xK2-K3xK4 conv``, ``KxK tconv``, ``KxK maxpool``,
``KxK avgpool``, ``lstm`` and ``gru`` (POPNASv3 3.1; facts B3). A series' kernel is a single number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from typing import Literal, cast

from valpnas.errors import InvalidCellError

Form = Literal["identity", "conv", "dconv", "stacked", "tconv", "maxpool", "avgpool", "lstm", "gru"]

_EXPRESSION = re.compile(
    r"(?P<kernel>\d+(?:x\d+)?)(?:-(?P<second>\d+(?:x\d+)?))?(?::(?P<dilation>\d+)dr)? "
    r"(?P<form>conv|dconv|tconv|maxpool|avgpool)"
)
_NEARLY = re.compile(r"(?P<kernel>\d[\dx:-]*(?:dr)?)?\s*(?P<form>[a-z_ -]+)")
_WITH_KERNEL = ("conv", "dconv", "tconv", "maxpool", "avgpool")
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
        InvalidCellError: the expression is none of the known ones, or has a kernel or dilation of no extent.
    """
    if text in _PLAIN:
        return Operation(text, _PLAIN[text])
    match = _EXPRESSION.fullmatch(text)
    if not match:
        raise InvalidCellError("operation", f"expected {_KNOWN}, got {text!r}{_offered(text)}")
    kernels = tuple(tuple(map(int, part.split("x"))) for part in (match["kernel"], match["second"]) if part)
    form, dilation = _form(match), int(match["dilation"] or 1)
    _check(text, form, kernels, dilation, plain=not match["dilation"])
    return Operation(text, form, kernels, dilation)


def _offered(text: str) -> str:
    """Return what ``text`` may have meant: another spelling of a form, or a kernel where there was none."""
    found = _NEARLY.fullmatch(text.strip().lower())
    near = get_close_matches(found["form"], [*_PLAIN, *_WITH_KERNEL], n=1) if found else []
    if not found or not near:
        return "; write one of these"
    kernels = [found["kernel"]] if found["kernel"] else ["3x3", "3"]
    tries = near if near[0] in _PLAIN else [f"{kernel} {near[0]}" for kernel in kernels]
    offered = [each for each in tries if each in _PLAIN or _EXPRESSION.fullmatch(each)]
    return f"; did you mean {' or '.join(map(repr, offered))}?" if offered else "; write one of these"


def _form(match: re.Match[str]) -> Form:
    form = cast(Form, match["form"])  # the pattern names forms only
    return "stacked" if match["second"] and form == "conv" else form


def _check(text: str, form: Form, kernels: tuple[tuple[int, ...], ...], dilation: int, *, plain: bool) -> None:
    if len(kernels) == 2 and form != "stacked":
        raise InvalidCellError("operation", f"expected two kernels with conv only, got {text!r}")
    if not plain and form not in _DILATED:
        raise InvalidCellError("operation", f"expected a dilation with conv and dconv only, got {text!r}")
    if len({len(kernel) for kernel in kernels}) > 1 or dilation < 1 or min(map(min, kernels)) < 1:
        raise InvalidCellError("operation", f"expected extents from 1 on, alike in number, got {text!r}")

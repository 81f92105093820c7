"""ConformanceError: a plug-in broke a promise of its contract; says which, what was expected and what came."""

from __future__ import annotations

import json
from typing import Any

from valpnas.errors import ValpnasError


class ConformanceError(ValpnasError):
    """A broken promise; ``promise`` names it in a few words that stay the same from version to version."""

    def __init__(self, promise: str, expected: str, came: str) -> None:
        super().__init__(f"{promise}: expected {expected}, got {came}")
        self.promise = promise


def require(kept: bool, promise: str, expected: str, came: object) -> None:
    """Raise ``ConformanceError`` unless ``kept``."""
    if not kept:
        raise ConformanceError(promise, expected, str(came))


def through_json(promise: str, what: str, data: object) -> Any:
    """Return ``data`` as it comes back from JSON; raises ``ConformanceError`` when it cannot be written."""
    try:
        return json.loads(json.dumps(data))
    except (TypeError, ValueError) as error:
        raise ConformanceError(promise, f"{what} to be plain JSON data", f"{data!r}: {error}") from error

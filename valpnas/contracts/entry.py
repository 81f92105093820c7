"""Entry: one line of a plug-in table - a name, a sentence, and where the object lives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Entry:
    """A lazily loaded plug-in: ``target`` is ``package.module:attribute``, called with ``options`` when wanted.

    Listing a table therefore imports nothing heavy.
    """

    name: str
    summary: str
    target: str
    options: Mapping[str, object] = field(default_factory=dict)

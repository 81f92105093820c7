"""Entry: one line of a plug-in table - a name, a sentence, and where the object lives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Entry:
    """A lazily loaded plug-in: ``target`` is ``package.module:attribute``, called with ``options`` when wanted.

    Listing a table therefore imports nothing heavy. A family of plug-ins is one entry with an ``argument``, the word
    for what comes after a colon (``ucr:NAME``); it is called with what a person put there as ``argument``.
    ``members`` is where the known ones are listed, ``package.module:attribute``; it is read only to offer their names.
    """

    name: str
    summary: str
    target: str
    options: Mapping[str, object] = field(default_factory=dict)
    argument: str = ""
    members: str = ""

    @property
    def written(self) -> str:
        """The name as a person writes it."""
        return f"{self.name}:{self.argument}" if self.argument else self.name

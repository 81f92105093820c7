"""What a search has trained: a frozen set that grows by a few at a time, in little memory and without being copied."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from valpnas.contracts.job import JobRecord

_BYTES = 16  # of a key: by chance two of a billion jobs share one with a probability below 1e-20


@dataclass(frozen=True)
class Known:
    """Keys of jobs, in sets each more than twice as large as the next: adding to n of them copies about log n each."""

    parts: tuple[frozenset[bytes], ...] = ()

    def __contains__(self, record: JobRecord) -> bool:
        """Say whether a job of this graph and these initial weights is known."""
        key = _key(record)
        return any(key in part for part in self.parts)

    def __len__(self) -> int:
        """Return how many there are."""
        return sum(len(part) for part in self.parts)

    def with_(self, records: Iterable[JobRecord]) -> Known:
        """Return this with ``records``, but for those that begin with no weights of their own (``inherited``)."""
        new = frozenset(_key(record) for record in records if record.inherited and record not in self)
        parts = list(self.parts)
        while parts and len(parts[-1]) <= 2 * len(new):
            new |= parts.pop()
        return Known((*parts, new)) if new else self


def _key(record: JobRecord) -> bytes:
    return hashlib.blake2b(f"{record.graph} {record.inherited}".encode(), digest_size=_BYTES).digest()

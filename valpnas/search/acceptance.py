"""Acceptance rules: whether a changed model replaces the current one. Objectives are minimised."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

Objectives = Mapping[str, float]


class Acceptance(ABC):
    """Decides on validation objectives alone."""

    name: ClassVar[str]

    @abstractmethod
    def accepts(self, candidate: Objectives, current: Objectives, archive: Sequence[Objectives]) -> bool:
        """Say whether ``candidate`` replaces ``current``; ``archive`` is the front of everything evaluated before."""


class Majority(Acceptance):
    """More than half of the objectives are strictly lower ([VALP] Figure 4: two of three)."""

    name: ClassVar[str] = "majority"

    def accepts(self, candidate: Objectives, current: Objectives, archive: Sequence[Objectives]) -> bool:  # noqa: ARG002
        """Count the objectives that got lower."""
        return 2 * sum(candidate[name] < current[name] for name in current) > len(current)


class Dominates(Acceptance):
    """No objective is higher and one is lower."""

    name: ClassVar[str] = "dominates"

    def accepts(self, candidate: Objectives, current: Objectives, archive: Sequence[Objectives]) -> bool:  # noqa: ARG002
        """Compare with the current model."""
        return dominates(candidate, current)


class Archive(Acceptance):
    """Nothing found so far dominates it or equals it."""

    name: ClassVar[str] = "archive"

    def accepts(self, candidate: Objectives, current: Objectives, archive: Sequence[Objectives]) -> bool:  # noqa: ARG002
        """Compare with the whole archive."""
        return not any(dominates(known, candidate) or known == candidate for known in archive)


def dominates(one: Objectives, other: Objectives) -> bool:
    """Say whether ``one`` is nowhere higher than ``other`` and somewhere lower."""
    return all(one[n] <= other[n] for n in other) and any(one[n] < other[n] for n in other)

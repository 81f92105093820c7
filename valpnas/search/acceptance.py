"""Acceptance rules: whether a changed model replaces the current one. Objectives are minimised."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

Objectives = Mapping[str, float]


@dataclass(frozen=True)
class Change:
    """What a rule decides on: validation objectives of the changed model, of the current one and of the ``archive``.

    ``archive`` is the front of everything evaluated before. ``gentle``: whether the operator promised to keep the
    function, so that whatever got worse is the noise of training.
    """

    candidate: Objectives
    current: Objectives
    archive: Sequence[Objectives] = ()
    gentle: bool = False


class Acceptance(ABC):
    """Decides on a change that could be trained."""

    name: ClassVar[str]

    @abstractmethod
    def accepts(self, change: Change) -> bool:
        """Say whether the changed model replaces the current one."""


class Majority(Acceptance):
    """More than half of the objectives are strictly lower ([VALP] Figure 4: two of three)."""

    name: ClassVar[str] = "majority"

    def accepts(self, change: Change) -> bool:
        """Count the objectives that got lower."""
        lower = sum(change.candidate[name] < change.current[name] for name in change.current)
        return 2 * lower > len(change.current)


class Dominates(Acceptance):
    """No objective is higher and one is lower."""

    name: ClassVar[str] = "dominates"

    def accepts(self, change: Change) -> bool:
        """Compare with the current model."""
        return dominates(change.candidate, change.current)


class Archive(Acceptance):
    """Nothing found so far dominates it or equals it."""

    name: ClassVar[str] = "archive"

    def accepts(self, change: Change) -> bool:
        """Compare with the whole archive."""
        return not any(dominates(known, change.candidate) or known == change.candidate for known in change.archive)


class Always(Acceptance):
    """Whatever could be trained: a change pays late, and is not judged before."""

    name: ClassVar[str] = "always"

    def accepts(self, change: Change) -> bool:  # noqa: ARG002 - looks at nothing
        """Accept."""
        return True


class Gentle(Acceptance):
    """Gentle changes always, which lose nothing and pay late; aggressive ones as ``archive`` does."""

    name: ClassVar[str] = "gentle"

    def accepts(self, change: Change) -> bool:
        """Trust a gentle change, compare an aggressive one."""
        return change.gentle or Archive().accepts(change)


def dominates(one: Objectives, other: Objectives) -> bool:
    """Say whether ``one`` is nowhere higher than ``other`` and somewhere lower."""
    return all(one[n] <= other[n] for n in other) and any(one[n] < other[n] for n in other)

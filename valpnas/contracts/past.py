"""Past: a step that a search has done, as far as choosers may learn from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from valpnas.contracts.job import Continue, Proposal, Result


@dataclass(frozen=True)
class Past:
    """A candidate that was told. A start has no ``parent``; of ``proposal`` and ``continued`` one is given otherwise.

    ``objectives`` are empty and ``parameters`` 0 where it failed; ``adopted`` says whether it became the current
    model. ``seconds`` are those of its training and evaluation, as journalled, so that a resumed search knows the same;
    ``cost`` is batches x multiply-adds. The findings of ``proposal`` are left out: they would fill the memory.
    """

    candidate: int
    parent: int | None = None
    proposal: Proposal | None = None
    continued: Continue | None = None
    objectives: Mapping[str, float] = field(default_factory=dict)
    batches: int = 0
    seconds: float = 0.0
    parameters: int = 0
    cost: float = 0.0
    adopted: bool = False

    @staticmethod
    def of(result: Result, adopted: bool) -> Past:
        """Return what is remembered of ``result``."""
        record = result.record
        return Past(
            result.candidate,
            record.parents[0] if record.parents else None,
            replace(record.proposal, findings=()) if record.proposal else None,
            record.continued,
            dict(result.objectives),
            result.batches,
            sum(result.seconds.values()),
            result.parameters,
            result.cost,
            adopted,
        )

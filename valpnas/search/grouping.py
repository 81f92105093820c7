"""Grouping: which jobs of an ask are trained side by side - as the journal has it, and anew for jobs it does not have.

Rounding may depend on who is trained beside whom. Groups are therefore in the journal before they are trained, a
resumed run trains whole groups as the journal has them, and no group depends on who trains it or on how many workers
there are.
"""

from __future__ import annotations

from collections.abc import Sequence

from valpnas.contracts.executor import Group, Grouping
from valpnas.contracts.job import Job
from valpnas.contracts.model import Model
from valpnas.networks.module import multiply_adds_of
from valpnas.store.replay import Asked

_PER_TENSOR = 500_000  # multiply-adds that take about as long as the calls around a weight and its update


def each_alone(jobs: Sequence[Job]) -> list[Group]:
    """Have no jobs trained side by side."""
    return [[job] for job in jobs]


def grouped(jobs: Sequence[Job], asked: Asked, grouping: Grouping) -> list[Group]:
    """Return the groups of ``jobs``, noted in ``asked``: those of the journal, and ``grouping``'s of the rest."""
    left = {job.record.candidate: job for job in jobs}
    known = [those for those in dict.fromkeys(asked.together.values()) if set(those) <= set(left)]  # else refused
    groups: list[Group] = [[left.pop(candidate) for candidate in those] for those in known]
    groups += grouping(list(left.values()))
    for group in groups:
        those = tuple(job.record.candidate for job in group)
        asked.together |= dict.fromkeys(those, those)
    return groups


def longest_first(groups: Sequence[Group], room: int) -> Sequence[Group]:
    """Return the groups in the order in which ``room`` workers take them: the long ones first, if there are several.

    The last to end then end about together (Graham 1969). What comes of a group does not depend on its turn.
    """
    return sorted(groups, key=_work, reverse=True) if room > 1 else groups


def _work(group: Group) -> int:
    """Return about how much a group has to compute, in multiply-adds."""
    return sum(job.record.protocol.batches * _per_batch(job.model) for job in group)


def _per_batch(model: Model) -> int:
    return model.valp.batch_size * sum(multiply_adds_of(model).values()) + _PER_TENSOR * len(model.weights)

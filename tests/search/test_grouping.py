"""The order in which workers take groups: the longest first where several train at a time, else as asked."""

from __future__ import annotations

from dataclasses import replace

from tests.execution.works import job
from valpnas.contracts.job import Job
from valpnas.search.grouping import longest_first


def of_batches(candidate: int, batches: int) -> Job:
    made = job(0)
    record = replace(made.record, candidate=candidate, protocol=replace(made.record.protocol, batches=batches))
    return replace(made, record=record)


def test_long_groups_come_first_where_several_train_at_a_time() -> None:
    groups = [[of_batches(i, batches)] for i, batches in enumerate((10, 40, 20, 40))]
    assert [group[0].record.candidate for group in longest_first(groups, 2)] == [1, 3, 2, 0]
    assert longest_first(groups, 1) == groups


def test_a_group_is_as_long_as_its_jobs_together() -> None:
    groups = [[of_batches(0, 30)], [of_batches(1, 20), of_batches(2, 20)]]
    assert [group[0].record.candidate for group in longest_first(groups, 2)] == [1, 0]

"""What a hill climbing counts: training owed for rejected changes, spans of the schedule, the limit of parameters."""

from __future__ import annotations

import importlib
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.graph.strategies import quick
from tests.training.toy_data import DENSE
from valpnas.contracts.job import Job
from valpnas.contracts.operator import Site
from valpnas.contracts.protocol import Protocol, Schedule
from valpnas.errors import ConfigError

from .climbs import (
    ANY_CHOOSER,
    SEEN,
    climbing,
    larger,
    worse_changes,
)
from .fakes import CHOOSERS, FakeBench, Spy, Verdict, better, fake, mixed, play, worse

# -- rejected training -------------------------------------------------------------------------------------------


def test_train_parent_gives_the_parent_the_batches_of_its_rejected_change() -> None:
    story = play(climbing(steps=3, rejected="train-parent"), FakeBench(), worse_changes)
    assert story.origins == ["start", *["change", "continue"] * 3]
    assert [job.record.parents for job in story.jobs] == [(), (0,), (0,), (2,), (2,), (4,), (4,)]
    assert story.verdicts == ["accepted", *["rejected", "accepted"] * 3]
    assert sum(result.batches for result in story.results) == 50 + 3 * (20 + 20)
    for change, parent in zip(story.jobs[1::2], story.jobs[2::2], strict=True):
        assert parent.record.protocol == change.record.protocol, "the same stretch of the schedule"
        assert parent.record.graph == story.jobs[0].record.graph


def test_train_parent_owes_nothing_after_an_accepted_change() -> None:
    story = play(climbing(steps=3, rejected="train-parent"), FakeBench(), better)
    assert story.origins == ["start", "change", "change", "change"]


def test_discard_counts_the_batches_of_rejected_changes_too() -> None:
    story = play(climbing(steps=3), FakeBench(), worse)
    assert sum(result.batches for result in story.results) == 50 + 3 * 20


def test_owed_training_that_fails_is_not_owed_for_ever() -> None:
    def score(job: Job) -> Verdict:
        return "diverged" if job.record.origin == "continue" else worse(job)

    story = play(climbing(steps=3, rejected="train-parent"), FakeBench(), score)
    assert story.origins == ["start", *["change", "continue"] * 3]
    assert {job.record.parents for job in story.jobs[1:]} == {(0,)}


def test_training_further_is_adopted_even_when_it_got_worse() -> None:
    """There is no choice to make about it; the front keeps the better one."""
    search = climbing("train-only", steps=3)
    story = play(search, FakeBench(), worse)
    assert story.verdicts == ["accepted"] * 4
    assert [job.record.parents for job in story.jobs] == [(), (0,), (1,), (2,)]
    assert search.front(story.states[-1]) == [0]


# -- the schedule ------------------------------------------------------------------------------------------------


@quick
@given(ANY_CHOOSER, st.sampled_from(["discard", "train-parent"]), st.integers(1, 12), st.integers(1, 500))
def test_spans_are_contiguous_and_end_at_one(chooser: str, rejected: str, steps: int, batches: int) -> None:
    search = climbing(chooser, steps=steps, rejected=rejected, initial_batches=batches, batches_per_step=7)
    story = play(search, FakeBench(seen=SEEN), mixed)
    spans = [job.record.protocol.span for job in story.jobs]
    stretches = sorted(set(spans))
    assert stretches[0][0] == 0
    assert stretches[-1][1] == 1
    assert all(one[1] == other[0] for one, other in pairwise(stretches))
    assert len(stretches) == steps + 1
    assert spans == sorted(spans)


def test_without_steps_the_start_has_the_whole_schedule() -> None:
    story = play(climbing(steps=0), FakeBench(), better)
    assert [job.record.protocol.span for job in story.jobs] == [(0.0, 1.0)]


def test_every_job_has_the_schedule_and_the_time_limit_of_the_run() -> None:
    story = play(climbing(protocol=Protocol(schedule=Schedule("cosine"), time_limit=3.5)), FakeBench(), mixed)
    assert {(job.record.protocol.schedule.name, job.record.protocol.time_limit) for job in story.jobs} == {
        ("cosine", 3.5)
    }


@pytest.mark.parametrize(("final", "changes"), [(0.3, 5), (0.8, 0), (1.0, 8)])
def test_nothing_is_changed_in_the_final_decay_and_the_reason_is_said(final: float, changes: int) -> None:
    """210 batches, of which the steps are those from 50 on; a rate that falls all the time has no final decay."""
    story = play(climbing(protocol=Protocol(schedule=Schedule("linear", final))), FakeBench(), better)
    assert story.origins == ["start"] + ["change"] * changes + ["continue"] * (8 - changes)
    assert story.jobs[-1].record.protocol.span[1] == 1
    reasons = [job.record.continued.reason for job in story.jobs if job.record.continued]
    assert all(reason.startswith("final decay: ") for reason in reasons)
    assert len(reasons) == 8 - changes


def test_only_who_finishes_something_is_asked_in_the_final_decay() -> None:
    """And is told how many steps are left."""
    spies = Spy(CHOOSERS["random-gentle"]), FinishingSpy(CHOOSERS["random-gentle"])
    for spy in spies:
        play(replace(climbing(protocol=Protocol()), chooser=spy), FakeBench(), better)
    plain, finishing = spies
    assert [(seen.steps_left, seen.decays) for seen in plain.situations] == [(n, False) for n in range(8, 3, -1)]
    assert [seen.steps_left for seen in finishing.situations] == [8, 7, 6, 5, 4, 3, 2, 1]
    assert [seen.decays for seen in finishing.situations] == [False] * 5 + [True] * 3


class FinishingSpy(Spy):
    """One that wants to be asked to the end."""

    @property
    def finishes(self) -> bool:
        """It does."""
        return True


# -- the limit of parameters -------------------------------------------------------------------------------------


@pytest.mark.parametrize("chooser", sorted(CHOOSERS))
def test_no_candidate_has_more_parameters_than_allowed(chooser: str) -> None:
    start = play(climbing(steps=0), FakeBench(), better).jobs[0].model.parameters
    space = replace(DENSE, max_parameters=start + 20)
    story = play(climbing(chooser, steps=30), FakeBench(space=space, seen=SEEN), better)
    assert all(job.model.parameters <= start + 20 for job in story.jobs)
    assert len(story.jobs) == 31


def test_a_limit_that_no_start_keeps_to_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.import_module("valpnas.networks.random_valp"), "_ATTEMPTS", 50)
    with pytest.raises(ConfigError, match=r"parameters"):
        play(climbing(), FakeBench(space=replace(DENSE, max_parameters=3)), better)


def test_a_limit_that_no_change_keeps_to_means_training_further() -> None:
    operators = {"add_layer/gentle": fake("add_layer/gentle", Site(place="a"), Site(place="b"), does=larger)}
    start = play(climbing(steps=0), FakeBench(), better).jobs[0].model.parameters
    bench = FakeBench(operators=operators, space=replace(DENSE, max_parameters=start))
    story = play(climbing(steps=3), bench, better)
    assert story.origins == ["start"] + ["continue"] * 3
    reasons = {job.record.continued.reason for job in story.jobs[1:] if job.record.continued}
    assert reasons == {"no change is left to try (2 would exceed max_parameters)"}

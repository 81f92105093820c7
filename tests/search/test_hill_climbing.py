"""Hill climbing without training: what it asks, adopts and remembers, whatever the results are."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.graph.strategies import quick
from tests.training.toy_data import DENSE
from valpnas import catalog
from valpnas.contracts.job import Job
from valpnas.contracts.operator import Site
from valpnas.graph.canonical import canonical_hash
from valpnas.search.acceptance import Acceptance, Change, Majority
from valpnas.search.hill_climbing import HillClimbing
from valpnas.search.pareto import front

from .climbs import (
    ANY_CHOOSER,
    CONSTANT,
    RULES,
    SEEN,
    climbing,
    site_key,
    unchanged,
    worse_changes,
)
from .fakes import CHOOSERS, FakeBench, Spy, Verdict, better, fake, mixed, play, worse

# -- the course of a search --------------------------------------------------------------------------------------


def test_it_starts_once_and_then_changes_the_current_model() -> None:
    story = play(climbing(), FakeBench(), better)
    assert story.origins == ["start"] + ["change"] * 8
    assert [job.record.candidate for job in story.jobs] == list(range(9))
    assert [job.record.parents for job in story.jobs] == [(), *((parent,) for parent in range(8))]
    assert [job.record.protocol.batches for job in story.jobs] == [50] + [20] * 8
    assert story.verdicts == ["accepted"] * 9


def test_a_rejected_change_leaves_the_current_model() -> None:
    story = play(climbing(), FakeBench(), worse)
    assert {job.record.parents for job in story.jobs[1:]} == {(0,)}
    assert story.verdicts == ["accepted"] + ["rejected"] * 8


@quick
@given(ANY_CHOOSER, RULES, st.sampled_from(["discard", "train-parent"]), st.integers(0, 3))
def test_a_search_ends_after_its_steps(chooser: str, accept: str, rejected: str, seed: int) -> None:
    story = play(climbing(chooser, accept, rejected=rejected, steps=5), FakeBench(seen=SEEN, seed=seed), mixed)
    progress = [climbing(steps=5).progress(state) for state in story.states]
    assert progress[0] == (0, 5)
    assert progress[-1] == (5, 5)
    assert all(0 <= after[0] - before[0] <= 1 for before, after in pairwise(progress))


@quick
@given(ANY_CHOOSER, RULES, st.integers(0, 3))
def test_telling_the_results_again_gives_the_state_again(chooser: str, accept: str, seed: int) -> None:
    """Resume relies on it: a state holds nothing that the results do not say."""
    search = climbing(chooser, accept, rejected="train-parent", steps=4)
    story = play(search, FakeBench(seen=SEEN, seed=seed), mixed)
    state = search.begin()
    for result, expected in zip(story.results, story.states[1:], strict=True):
        state = search.tell(state, [replace(result, model=None)])
        assert state == expected


@quick
@given(ANY_CHOOSER, RULES, st.integers(0, 3))
def test_the_same_seed_asks_the_same(chooser: str, accept: str, seed: int) -> None:
    one, other = (play(climbing(chooser, accept, steps=4), FakeBench(seen=SEEN, seed=seed), mixed) for _ in range(2))
    assert [job.record for job in one.jobs] == [job.record for job in other.jobs]


@quick
@given(ANY_CHOOSER, RULES, st.integers(0, 3))
def test_the_front_is_that_of_all_that_was_evaluated_and_is_kept(chooser: str, accept: str, seed: int) -> None:
    search = climbing(chooser, accept, steps=6)
    story = play(search, FakeBench(seen=SEEN, seed=seed), mixed)
    points = [result.objectives for result in story.results]
    assert list(search.front(story.states[-1])) == front(points)
    for state in story.states[1:]:
        assert search.keep(state) == set(search.front(state)) | {state.current}


class Watching(Acceptance):
    """Accepts by majority and notes what it was asked."""

    name = "watching"

    def __init__(self) -> None:
        self.asked: list[Change] = []

    def accepts(self, change: Change) -> bool:
        self.asked.append(change)
        return Majority().accepts(change)


def test_a_rule_is_asked_about_the_candidate_the_current_model_and_the_front_before() -> None:
    rule = Watching()
    search = HillClimbing(CHOOSERS["random"], rule, steps=6, protocol=CONSTANT)
    story = play(search, FakeBench(), mixed)
    operators = catalog.operators(DENSE)
    for change, result, state in zip(rule.asked, story.results[1:], story.states[1:-1], strict=True):
        assert change.candidate == result.objectives
        assert change.current == state.objectives
        assert change.archive == [known for _, known in state.archive]
        assert result.record.proposal is not None
        assert change.gentle == operators[result.record.proposal.variant].gentle
    assert {change.gentle for change in rule.asked} == {True, False}


# -- what was tried ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rejected", ["discard", "train-parent"])
def test_nothing_is_tried_twice_from_one_structure(rejected: str) -> None:
    """Until nothing is left: then the model is trained further."""
    operators = {
        "add_layer/gentle": fake("add_layer/gentle", *(Site(place=str(i)) for i in range(4)), does=unchanged),
        "remove_layer": fake("remove_layer", Site(place="main.0"), Site(place="main.1"), does=unchanged),
    }
    search = climbing(steps=10, rejected=rejected)
    story = play(search, FakeBench(operators=operators), worse_changes)
    tried = [site_key(job) for job in story.jobs if job.record.origin == "change"]
    assert len(tried) == len(set(tried)) == 6
    assert story.origins[-4:] == ["continue"] * 4


def test_real_operators_are_not_tried_twice_either() -> None:
    story = play(climbing(steps=60), FakeBench(), worse)
    tried = [site_key(job) for job in story.jobs[1:]]
    assert len(set(tried)) == len(tried) == 60


def test_what_was_tried_is_forgotten_when_the_structure_changes() -> None:
    spy = Spy(CHOOSERS["random"])
    search = HillClimbing(spy, Majority(), steps=6, protocol=CONSTANT)
    story = play(search, FakeBench(), lambda job: better(job) if job.record.candidate in (0, 3) else worse(job))
    sizes = [len(situation.tried) for situation in spy.situations]
    assert sizes == [0, 1, 2, 0, 1, 2]
    for situation, job in zip(spy.situations[1:3], story.jobs[1:3], strict=True):
        assert site_key(job) in situation.tried
        assert site_key(job)[0] in situation.set_aside
    assert spy.situations[3].set_aside == frozenset()


def test_training_further_does_not_make_failures_untried() -> None:
    """The structure is the same, only older."""
    spy = Spy(CHOOSERS["random"])
    search = HillClimbing(spy, Majority(), steps=4, rejected="train-parent", protocol=CONSTANT)
    play(search, FakeBench(), worse_changes)
    assert [len(situation.tried) for situation in spy.situations] == [0, 1, 2, 3]
    assert [situation.candidate for situation in spy.situations] == [0, 2, 4, 6]


# -- train-only --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("score", [better, worse, mixed])
def test_train_only_never_changes_the_structure(score: Any) -> None:
    story = play(climbing("train-only"), FakeBench(seen=SEEN), score)
    assert story.origins == ["start"] + ["continue"] * 8
    assert len({job.record.graph for job in story.jobs}) == 1
    assert {canonical_hash(job.model.valp) for job in story.jobs} == {story.jobs[0].record.graph}


# -- archive -----------------------------------------------------------------------------------------------------


def test_a_rejected_candidate_may_still_be_on_the_front() -> None:
    """Worse in two of three objectives, best in one: not adopted, and yet somebody may want it."""

    def score(job: Job) -> Verdict:
        return {"y1": 1.0, "y2": 1.0, "y3": 1.0} if job.record.candidate == 0 else {"y1": 2.0, "y2": 2.0, "y3": 0.5}

    search = climbing(steps=1)
    story = play(search, FakeBench(), score)
    assert story.verdicts == ["accepted", "rejected"]
    assert search.front(story.states[-1]) == [0, 1]
    assert search.keep(story.states[-1]) == {0, 1}


def test_archive_follows_what_nothing_dominates() -> None:
    def score(job: Job) -> Verdict:
        return {"y1": float(job.record.candidate), "y2": 1.0 / (1 + job.record.candidate), "y3": 1.0}

    story = play(climbing(accept="archive", steps=4), FakeBench(), score)
    assert story.verdicts == ["accepted"] * 5


def test_verdicts_are_about_the_candidate_told_last() -> None:
    search = climbing(steps=4)
    story = play(search, FakeBench(), mixed)
    for state, job in zip(story.states[1:], story.jobs, strict=True):
        assert [candidate for candidate, _ in search.verdicts(state)] == [job.record.candidate]

"""What a chooser of a hill climbing is told, and what goes on record of what it says."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.graph.strategies import quick
from valpnas.contracts.chooser import Chooser, Situation
from valpnas.contracts.job import Continue, JobRecord, Proposal
from valpnas.errors import PluginError
from valpnas.search.acceptance import Majority
from valpnas.search.hill_climbing import HillClimbing

from .climbs import (
    ANY_CHOOSER,
    CONSTANT,
    RULES,
    SEEN,
    climbing,
)
from .fakes import CHOOSERS, FakeBench, Spy, better, mixed, play


@quick
@given(ANY_CHOOSER, RULES, st.sampled_from(["discard", "train-parent"]), st.integers(0, 3))
def test_history_is_what_was_told_and_the_journal_can_hold_all_of_it(
    chooser: str, accept: str, rejected: str, seed: int
) -> None:
    search = climbing(chooser, accept, rejected=rejected, steps=5)
    story = play(search, FakeBench(seen=SEEN, seed=seed), mixed)
    history = story.states[-1].history
    assert [past.candidate for past in history] == [job.record.candidate for job in story.jobs]
    assert [past.adopted for past in history] == [verdict == "accepted" for verdict in story.verdicts]
    for past, result in zip(history, story.results, strict=True):
        record = result.record
        assert JobRecord.from_json(json.loads(json.dumps(record.to_json()))) == record
        assert (past.objectives, past.parameters) == (result.objectives, result.parameters)
        assert (past.parent, past.continued) == (next(iter(record.parents), None), record.continued)
        assert (past.proposal is None) == (record.proposal is None)
        assert past.parent is None or bool(past.proposal) != bool(past.continued)


def test_a_chooser_sees_the_history_with_the_start() -> None:
    spy = Spy(CHOOSERS["random"])
    story = play(HillClimbing(spy, Majority(), steps=4, protocol=CONSTANT), FakeBench(), mixed)
    assert [len(situation.history) for situation in spy.situations] == [1, 2, 3, 4]
    assert spy.situations[-1].history == story.states[-2].history
    assert spy.situations[0].history[0].parent is None


def test_what_a_chooser_knew_of_the_place_goes_on_record() -> None:
    class Knowing(Spy):
        def choose(self, situation: Situation, rng: np.random.Generator) -> Proposal | Continue:
            return replace(super().choose(situation, rng), features={"depth": len(situation.history)})

    story = play(HillClimbing(Knowing(CHOOSERS["random"]), Majority(), steps=2, protocol=CONSTANT), FakeBench(), better)
    for steps, job in enumerate(story.jobs[1:], 1):
        assert job.record.proposal is not None
        assert job.record.proposal.features == {"depth": steps}
        assert job.record.to_json()["proposal"]["features"] == {"depth": steps}
    assert [past.proposal.features for past in story.states[-1].history if past.proposal] == [
        {"depth": 1},
        {"depth": 2},
    ]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "deep", None, np.float32(1)])
def test_features_that_the_journal_cannot_hold_are_refused_in_words(value: Any) -> None:
    class Vague(Chooser):
        name = "vague"

        def choose(self, situation: Situation, rng: np.random.Generator) -> Continue:  # noqa: ARG002
            return Continue("to see", {"depth": value})

    with pytest.raises(PluginError, match=r"Vague raised TypeError: expected features that are finite.*depth = "):
        play(HillClimbing(Vague(), Majority(), steps=1, protocol=CONSTANT), FakeBench(), better)


def test_a_record_of_an_earlier_version_is_read_and_known_again() -> None:
    story = play(climbing("train-only", steps=1), FakeBench(), better)
    record = story.jobs[1].record
    old = {key: value for key, value in record.to_json().items() if key not in {"continued", "gentle"}}
    assert JobRecord.from_json(old) == record.as_earlier() != record

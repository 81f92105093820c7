"""A hill climbing among failures: starts and changes that diverge, operators that are broken."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from valpnas.contracts.operator import Site
from valpnas.errors import TrainingFailedError

from .climbs import (
    broken_graph,
    climbing,
    failing,
    raises,
    site_key,
)
from .fakes import FakeBench, better, fake, play


def test_a_start_that_fails_is_drawn_anew() -> None:
    story = play(climbing(steps=2), FakeBench(), partial(failing, range(4)))
    assert story.origins == ["start"] * 5 + ["change"] * 2
    assert len({job.record.graph for job in story.jobs[:5]}) > 1
    assert story.verdicts == ["rejected"] * 4 + ["accepted"] * 3
    assert [climbing().progress(state)[0] for state in story.states] == [0, 0, 0, 0, 0, 0, 1, 2]


def test_starts_that_fail_again_and_again_end_the_search_in_words() -> None:
    with pytest.raises(TrainingFailedError, match="5 starts failed one after the other"):
        play(climbing(), FakeBench(), lambda _: "diverged")


def test_a_failed_change_costs_its_step_and_is_not_tried_again() -> None:
    story = play(climbing(steps=40), FakeBench(), partial(failing, range(1, 100)))
    assert story.verdicts == ["accepted"] + ["rejected"] * 40
    assert len({site_key(job) for job in story.jobs[1:]}) == 40
    assert climbing().front(story.states[-1]) == [0]


@pytest.mark.parametrize(
    ("does", "fault"),
    [
        (raises, "remove_layer raised ZeroDivisionError: by design"),
        (broken_graph, "remove_layer raised InvalidValpError: invalid VALP (arc-ends)"),
    ],
)
def test_a_broken_operator_becomes_a_failed_candidate(does: Any, fault: str) -> None:
    operators = {"remove_layer": fake("remove_layer", Site(place="a"), Site(place="b"), does=does)}
    story = play(climbing(steps=3), FakeBench(operators=operators), better)
    assert story.origins == ["start", "change", "change", "continue"]
    assert story.verdicts == ["accepted", "rejected", "rejected", "accepted"]
    for result in story.results[1:3]:
        assert result.reason.startswith(fault)
    assert {job.record.parents for job in story.jobs[1:]} == {(0,)}

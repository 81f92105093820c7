"""A hill climbing with several starts: which one it goes on from."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from valpnas.contracts.job import Job
from valpnas.errors import TrainingFailedError
from valpnas.networks.dense_spec import DenseSpec
from valpnas.search.hill_climbing import HillClimbing
from valpnas.search.starts import HandMade, RandomStart, promises_more

from .climbs import (
    climbing,
    failing,
)
from .fakes import FakeBench, Verdict, play, worse


def several(count: int = 3, **settings: Any) -> HillClimbing:
    return climbing(starts=(RandomStart(),) * count, steps=2, **settings)


@pytest.mark.parametrize(("best", "verdicts"), [(0, "arr"), (1, "aar"), (2, "aaa")])
def test_of_several_starts_it_goes_on_from_the_best(best: int, verdicts: str) -> None:
    def score(job: Job) -> Verdict:
        number = job.record.candidate
        return dict.fromkeys(job.model.valp.tasks, 1.0 + abs(number - best) if number < 3 else 0.5 / number)

    story = play(several(), FakeBench(), score)
    assert story.origins == ["start"] * 3 + ["change"] * 2
    assert [verdict[0] for verdict in story.verdicts[:3]] == list(verdicts)
    assert [job.record.parents for job in story.jobs] == [(), (), (), (best,), (3,)]
    assert [job.record.protocol for job in story.jobs[1:3]] == [story.jobs[0].record.protocol] * 2
    assert story.states[-1].step == 2


def test_the_best_start_is_so_by_the_mean_of_the_logarithms() -> None:
    ones = promises_more({"a": 0.1, "b": 2.0}, {"a": 1.0, "b": 1.0})
    assert ones
    assert not promises_more({"a": 1.0, "b": 1.0}, {"a": 1.0, "b": 1.0})
    assert not promises_more({"a": 0.0, "b": 1.0}, {"a": 0.0, "b": 1.0})
    assert promises_more({"a": 0.0, "b": 1.0}, {"a": 0.004, "b": 1.0})
    assert not promises_more({"a": 0.0, "b": 1.0}, {"a": 0.004, "b": 0.4}), "no error counts as half of the other's"


def test_only_outputs_tell_which_start_is_the_best() -> None:
    assert not promises_more({"a": 1.0, "parameters": 10.0}, {"a": 1.0, "parameters": 1000.0})


def test_a_start_that_fails_is_none_to_go_on_from() -> None:
    story = play(several(), FakeBench(), partial(failing, range(2)))
    assert story.jobs[3].record.parents == (2,)
    story = play(several(), FakeBench(), partial(failing, range(4)))
    assert story.origins == ["start"] * 5 + ["change"] * 2
    with pytest.raises(TrainingFailedError, match="5 starts failed one after the other"):
        play(several(7), FakeBench(), partial(failing, range(7)))


def test_kinds_of_starts_are_taken_in_turn() -> None:
    story = play(climbing(starts=(HandMade(layers=1), HandMade(layers=3)), steps=0), FakeBench(), worse)
    layers = [
        max(len(spec.layers) for spec in job.model.valp.specs.values() if isinstance(spec, DenseSpec))
        for job in story.jobs
    ]
    assert layers == [1, 3]

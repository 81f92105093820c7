"""grow and grow-depth: they add and keep the function, and a full model trains on with the reason said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.training.toy_data import DENSE
from valpnas import catalog
from valpnas.contracts.chooser import Chooser
from valpnas.contracts.protocol import Protocol, Schedule
from valpnas.search.choosers.growing import DEPTH, Grow, GrowDepth
from valpnas.search.hill_climbing import HillClimbing

from .fakes import ACCEPTANCES, FakeBench, Story, better, play

OPERATORS = catalog.operators(DENSE)
CONSTANT = Protocol(schedule=Schedule("constant"))


def grown(chooser: Chooser, most: int = 0, steps: int = 8) -> Story:
    bench = FakeBench(space=replace(DENSE, max_parameters=most))
    search = HillClimbing(chooser, ACCEPTANCES["always"], steps=steps, protocol=CONSTANT)
    return play(search, bench, better)


def test_depth_is_gentle_extenders_that_there_are() -> None:
    assert {(OPERATORS[name].gentle, OPERATORS[name].effect) for name in DEPTH} == {(True, "extender")}


@pytest.mark.parametrize("chooser", [Grow(), GrowDepth()], ids=lambda chooser: chooser.name)
def test_models_grow_gently_and_by_more_than_one_operator(chooser: Chooser) -> None:
    story = grown(chooser)
    drawn = {proposal.variant for proposal in story.proposals}
    assert story.origins == ["start"] + ["change"] * 8
    assert all(OPERATORS[name].gentle and OPERATORS[name].effect == "extender" for name in drawn)
    assert len(drawn) > 1
    assert drawn <= set(DEPTH) or isinstance(chooser, Grow)
    sizes = [job.model.parameters for job in story.jobs]
    assert sizes == sorted(set(sizes))
    assert all(job.record.gentle for job in story.jobs[1:])


@pytest.mark.parametrize("chooser", [Grow(), GrowDepth()], ids=lambda chooser: chooser.name)
def test_a_full_model_trains_on_and_says_why(chooser: Chooser) -> None:
    start = grown(chooser, steps=0).jobs[0].model.parameters
    story = grown(chooser, most=start)
    assert story.origins == ["start"] + ["continue"] * 8
    for job in story.jobs[1:]:
        assert job.record.continued is not None
        assert "would exceed max_parameters" in job.record.continued.reason

"""The logbook: a row per generation, made of results alone."""

from __future__ import annotations

import numpy as np
import pytest
from pymoo.indicators.igd_plus import IGDPlus

from tests.search.test_population import bench, generations, population
from valpnas.search.logbook import logbook
from valpnas.search.pareto import Bounds, hypervolume, igd_plus

from .fakes import OUTPUTS, mixed, play

BOUNDS = Bounds({o.name: 1.0 for o in OUTPUTS}, {o.name: 0.01 for o in OUTPUTS})


def test_rows_are_those_of_the_states() -> None:
    search = population(generations=3)
    story = play(search, bench(), mixed)
    batches = [[story.results[j.record.candidate] for j in jobs] for jobs in generations(story.jobs)]
    book = logbook(batches, search.survival, 4, search.seed, BOUNDS)
    assert book.select("generation") == [0, 1, 2, 3]
    assert book.select("trained") == [4] * 4
    for row, state in zip(book, story.states[1:], strict=True):
        assert row["survived"] == sum(verdict == "accepted" for _, verdict in state.verdicts)
        assert row["front"] == len(state.archive)
        assert row["donated"] == sum(len(job.record.parents) == 2 for job in generations(story.jobs)[row["generation"]])
        assert row["hypervolume"] == hypervolume([m.objectives for m in state.archive], *BOUNDS)
    best = [min(member.objectives["y1"] for member in state.members) for state in story.states[1:]]
    assert book.chapters["y1"].select("best") == best
    assert book.select("hypervolume") == sorted(book.select("hypervolume"))
    assert book.select("igd_plus") == sorted(book.select("igd_plus"), reverse=True)
    assert book[-1]["igd_plus"] == 0


def test_without_results_it_is_empty() -> None:
    assert len(logbook([], population().survival, 4, 0, BOUNDS)) == 0


def test_igd_plus_is_that_of_pymoo_however_the_front_grew() -> None:
    story = play(population(generations=3), bench(), mixed)
    batches = [[story.results[j.record.candidate] for j in jobs] for jobs in generations(story.jobs)]
    book = logbook(batches, population().survival, 4, population().seed, BOUNDS)
    fronts = [state.archive.boxed(BOUNDS) for state in story.states[1:]]
    assert book.select("igd_plus") == pytest.approx([float(IGDPlus(fronts[-1])(front)) for front in fronts])


def test_batches_are_gone_through_once_and_held_nowhere() -> None:
    story = play(population(generations=3), bench(), mixed)
    batches = ([story.results[j.record.candidate] for j in jobs] for jobs in generations(story.jobs))
    assert logbook(batches, population().survival, 4, population().seed, BOUNDS).select("generation") == [0, 1, 2, 3]


def test_igd_plus_counts_only_what_is_worse() -> None:
    target = np.array([[0.5, 0.5]])
    assert list(igd_plus([np.array([[1.0, 0.5]]), np.array([[0.0, 0.5]]), target], target)) == [0.5, 0.0, 0.0]

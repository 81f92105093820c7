"""The logbook: a row per generation, made of results alone."""

from __future__ import annotations

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
        assert row["hypervolume"] == hypervolume(state.fronts[-1], *BOUNDS)
    best = [min(member.objectives["y1"] for member in state.members) for state in story.states[1:]]
    assert book.chapters["y1"].select("best") == best
    assert book.select("hypervolume") == sorted(book.select("hypervolume"))
    assert book.select("igd_plus") == sorted(book.select("igd_plus"), reverse=True)
    assert book[-1]["igd_plus"] == 0


def test_without_results_it_is_empty() -> None:
    assert len(logbook([], population().survival, 4, 0, BOUNDS)) == 0


def test_igd_plus_counts_only_what_is_worse() -> None:
    """Log objectives in a box of two decades: a tenth is half a side."""
    bounds = Bounds({"a": 1.0, "b": 1.0}, {"a": 0.01, "b": 0.01})
    target = [{"a": 0.1, "b": 0.1}]
    assert igd_plus(target, target, bounds) == 0
    assert igd_plus([{"a": 0.01, "b": 0.1}], target, bounds) == 0
    assert abs(igd_plus([{"a": 1.0, "b": 0.1}], target, bounds) - 0.5) < 1e-12

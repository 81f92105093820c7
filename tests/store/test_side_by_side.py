"""Jobs asked for together: trained side by side as the journal has them, and after a kill again exactly so."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pytest

from valpnas.contracts.job import Job, JobRecord, Result
from valpnas.contracts.search import Search, Workbench
from valpnas.graph.canonical import canonical_hash
from valpnas.networks.module import fresh_model
from valpnas.opened_run import Run
from valpnas.search.pareto import front
from valpnas.testing.runs import contents, events

from .disk_images import images_of
from .small_runs import make, make_or_go_on

ALIKE, ALL = 3, 4


@dataclass(frozen=True)
class State:
    """How often was asked, the last results, and all points."""

    asked: int = 0
    last: tuple[int, ...] = ()
    points: tuple[tuple[int, Mapping[str, float]], ...] = ()


class Clones(Search[State]):
    """Three models of one VALP and one of another are started together, and then trained on together."""

    name: ClassVar[str] = "clones"

    def __init__(self, **settings: Any) -> None:
        self.settings = settings

    def begin(self) -> State:
        return State()

    def ask(self, state: State, bench: Workbench) -> Sequence[Job]:
        if state.asked == 2:
            return []
        return [self._job(state, bench, place) for place in range(ALL)]

    def _job(self, state: State, bench: Workbench, place: int) -> Job:
        protocol = replace(self.settings["protocol"], batches=5, span=(state.asked / 2, (state.asked + 1) / 2))
        number, parents = ALL * state.asked + place, state.last[place : place + 1]
        if parents:
            model = bench.model(parents[0])
        else:
            rng, how = bench.rng(max(0, place - ALIKE + 1), "start"), self.settings
            valp = how["starts"][0].valp(bench.problem, bench.space, how["training"], how["batch_size"], rng)
            model = fresh_model(valp, bench.rng(number, "weights"))
        record = JobRecord(number, parents, "continue" if parents else "start", canonical_hash(model.valp), protocol)
        return Job(record, model)

    def tell(self, state: State, results: Sequence[Result]) -> State:
        points = [*state.points, *((r.candidate, dict(r.objectives)) for r in results)]
        best = tuple(points[i] for i in front([objectives for _, objectives in points]))
        return State(state.asked + 1, tuple(result.candidate for result in results), best)

    def verdicts(self, state: State) -> Sequence[tuple[int, str]]:
        return [(candidate, "accepted") for candidate in state.last]

    def keep(self, state: State) -> frozenset[int]:
        return frozenset(state.last) | frozenset(self.front(state))

    def front(self, state: State) -> Sequence[int]:
        return [candidate for candidate, _ in state.points]

    def progress(self, state: State) -> tuple[int, int]:
        return state.asked, 2


CLONES = {"select": "last", "search": f"{__name__}:Clones"}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Path]]:
    """A run of clones, and an image of each instant of it."""
    album = tmp_path_factory.mktemp("album")
    path = tmp_path_factory.mktemp("clones") / "run"
    return path, images_of(partial(make, path, **CLONES), path, album)


def test_the_journal_says_who_is_trained_beside_whom(whole: tuple[Path, list[Path]]) -> None:
    told = [event.get("together") for event in events(whole[0]) if event["event"] == "proposed"]
    assert told == [[0, 1, 2]] * 3 + [None] + [[4, 5, 6]] * 3 + [None]


def test_each_is_what_it_is_alone(whole: tuple[Path, list[Path]], tmp_path: Path) -> None:
    make(tmp_path / "run", **CLONES, engine="plain")
    for one, other in zip(events(whole[0]), events(tmp_path / "run"), strict=True):
        assert "together" not in other
        if one["event"] == "trained":
            assert one["batches"] == other["batches"] == 5
            for output, objective in other["objectives"].items():
                assert one["objectives"][output] == pytest.approx(objective, rel=1e-3)


def test_seconds_of_a_group_are_shared_out(whole: tuple[Path, list[Path]]) -> None:
    lines = [json.loads(line) for line in (whole[0] / "journal.jsonl").read_text().splitlines()]
    seconds = [line["seconds"]["training"] for line in lines if line["event"] == "trained"]
    assert seconds[0] == seconds[1] == seconds[2] > 0
    assert sum(Run(whole[0]).summary()["seconds"].values()) >= sum(seconds)


@pytest.mark.timeout(300)
def test_killed_at_any_instant_it_becomes_the_same_run(whole: tuple[Path, list[Path]]) -> None:
    """Within a group too: those without a result are trained again beside those that have one."""
    path, images = whole
    kinds = {"partly proposed": False, "partly trained": False}
    for image in images[::3]:
        made = image / "journal.jsonl"
        known = [json.loads(line)["event"] for line in made.read_text().splitlines()[:-1]] if made.exists() else []
        kinds["partly proposed"] |= known.count("proposed") % ALL != 0
        kinds["partly trained"] |= known.count("trained") % ALIKE != 0
        make_or_go_on(image, **CLONES)
        assert contents(image) == contents(path), image.name
    assert all(kinds.values())

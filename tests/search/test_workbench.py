"""The workbench of a run: which peers a model is shown among, what is looked at again, and what a run keeps of it."""

from __future__ import annotations

import gc
import json
import weakref
from dataclasses import replace

import pytest

from tests.store.small_runs import make
from tests.training.toy_data import SMALL, losses_of, toy_model, toy_prepared
from valpnas import catalog
from valpnas.contracts.diagnostic import Diagnostic, ModelView
from valpnas.contracts.finding import Finding
from valpnas.contracts.operator import vary
from valpnas.contracts.space import Space
from valpnas.diagnostics import DIAGNOSTICS
from valpnas.opened_run import Run
from valpnas.search.workbench import RunWorkbench
from valpnas.seeding import stream
from valpnas.store.run_directory import RunDirectory

NAMES = [entry.name for entry in DIAGNOSTICS]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of eight steps."""
    return make(tmp_path_factory.mktemp("runs") / "run", steps=8)


def bench_of(run: Run) -> RunWorkbench:
    """Return a bench for reading."""
    return RunWorkbench(RunDirectory(run.path), run.prepared, losses_of(run.prepared), Space(), {}, 0)


def scored(run: Run) -> dict[int, dict[str, float]]:
    """Return the objectives in the journal."""
    events = map(json.loads, (run.path / "journal.jsonl").read_text(encoding="utf-8").splitlines())
    return {event["candidate"]: event["objectives"] for event in events if event["event"] == "trained"}


def test_a_bench_that_is_put_away_keeps_no_weights_until_the_garbage_is_collected(run: Run) -> None:
    gc.disable()
    try:
        bench = bench_of(run)
        candidate = run.front[0].candidate
        bench.traits(candidate)
        bench.valp(candidate)
        model = weakref.ref(bench.model(candidate))
        del bench
        assert model() is None
    finally:
        gc.enable()


def test_every_diagnostic_looks_at_the_front_and_its_seconds_are_kept(run: Run) -> None:
    for member in run.front:
        data = json.loads((run.path / "diagnostics" / f"{member.candidate:05d}.json").read_text(encoding="utf-8"))
        assert list(data) == ["candidate", "findings", "seconds"]
        assert sorted(data["seconds"]) == sorted(NAMES)
        assert all(seconds >= 0 for seconds in data["seconds"].values())


def test_ranks_are_those_of_the_validation_objectives_in_the_journal(run: Run) -> None:
    objectives, checked = scored(run), 0
    for member in run.front:
        data = json.loads((run.path / "diagnostics" / f"{member.candidate:05d}.json").read_text(encoding="utf-8"))
        others = [found for candidate, found in objectives.items() if candidate != member.candidate]
        for finding in data["findings"]:
            if finding["kind"] in {"STRONG_OUTPUT", "WEAK_OUTPUT"}:
                own = objectives[member.candidate][finding["output"]]
                peers = [other[finding["output"]] for other in others]
                rank = (sum(p < own for p in peers) + sum(p == own for p in peers) / 2) / len(peers)
                assert finding["evidence"]["rank"] == rank
                assert finding["evidence"]["objective"] == own
                checked += 1
    assert checked


def test_a_graph_is_read_without_its_weights(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    bench, candidate = bench_of(run), run.front[0].candidate
    wanted = bench.model(candidate).valp
    monkeypatch.setattr(RunDirectory, "model", None)
    assert bench.valp(candidate) == wanted
    monkeypatch.setattr(RunDirectory, "valp", None)
    assert bench.valp(candidate) == wanted, "it is read once"
    assert bench.model(candidate).valp == wanted, "and puts no model off the bench"


def test_what_compares_looks_again_and_the_rest_once(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []

    def spy(diagnostic: Diagnostic, *_: object) -> list[Finding]:
        looked.append(diagnostic.name)
        return []

    for name in NAMES:
        monkeypatch.setattr(type(catalog.diagnostic(name)), "examine", spy)
    bench = bench_of(run)
    for _ in range(2):
        bench.findings(run.front[0].candidate, NAMES)
    assert looked == [*NAMES, "relative_performance"]


def test_a_population_compares_with_its_members_alone(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[dict[int, dict[str, float]]] = []

    def spy(_: Diagnostic, view: ModelView, __: object) -> list[Finding]:
        seen.append({number: dict(peer) for number, peer in view.peers.items()})
        return []

    monkeypatch.setattr(type(catalog.diagnostic("relative_performance")), "examine", spy)
    objectives, here = scored(run), run.front[0].candidate
    others = [number for number in objectives if number != here]
    bench_of(run).findings(here, ["relative_performance"], {n: objectives[n] for n in [here, *others[:2]]})
    bench_of(run).findings(here, ["relative_performance"])
    assert seen == [{n: objectives[n] for n in others[:2]}, {n: objectives[n] for n in others}]


@pytest.mark.parametrize(
    ("name", "disturbs"),
    [("add_connection/gentle", False), ("add_connection/aggressive", True), ("change_lr", True)],
)
def test_only_gentle_changes_of_structure_leave_the_line_of_losses_whole(name: str, disturbs: bool) -> None:
    prepared = toy_prepared()
    parent = replace(toy_model(prepared), batches=40, disturbed_at=10)
    operator = catalog.operators(SMALL)[name]
    child = vary(operator, (parent,), operator.sites(parent.valp)[0], stream(0))
    assert (child.changed_at, child.disturbed_at) == (40, 40 if disturbs else 10)


def test_traits_are_computed_once_and_are_the_same_on_another_bench(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    candidate = run.front[0].candidate
    bench, other = bench_of(run), bench_of(run)
    shown = bench.traits(candidate)
    assert set(shown["networks"]) == set(bench.model(candidate).valp.specs)
    assert set(shown["outputs"]) == set(bench.model(candidate).valp.tasks)
    assert bench.diagnostic_seconds > 0
    other.findings(candidate, NAMES)
    assert other.traits(candidate) == shown, "whatever was looked at before"
    monkeypatch.setattr("valpnas.search.workbench.model_traits", None)
    assert bench.traits(candidate) is shown

"""Plug-ins that break: the run stops with their name and can be resumed once they are mended, or goes on without."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.store.small_runs import SETTINGS, go_on, make, small_problem
from tests.test_cli import valpnas
from valpnas import catalog
from valpnas.contracts.entry import Entry
from valpnas.errors import PluginError, ValpnasError
from valpnas.opened_run import Run
from valpnas.run import design
from valpnas.search.choosers.train_only import TrainOnly
from valpnas.testing.runs import contents, events

from . import broken_plugins
from .cases import assert_refused

_HERE = "tests.bad_input.broken_plugins"


@pytest.fixture(scope="module")
def start_parameters(whole: Path) -> int:
    """How many weights the start of the small run has: under that limit nothing can grow."""
    return int(Run(whole).history()[0]["parameters"])


@pytest.mark.parametrize(
    ("chooser", "match"),
    [
        ("Raising", "chooser Raising raised ZeroDivisionError: by design; mend it and resume the run"),
        (
            "InWords",
            "chooser InWords raised TypeError: expected a Proposal with a Site, or Continue, got 'add a layer'",
        ),
        ("Misspelt", "unknown operator, proposed by Misspelt, 'add_layer/gentel': did you mean add_layer/gentle"),
        ("Looking", "diagnostic '.*Blind', looking at candidate 0, raised KeyError: 'n7'; mend it and resume the run"),
        ("Deaf", "chooser Deaf: expected a change that was not tried, or Continue, got one of 1 that exceed max_param"),
    ],
)
def test_a_chooser_that_breaks_stops_a_run_that_can_go_on(
    chooser: str, match: str, tmp_path: Path, start_parameters: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was trained stays; with the chooser mended, the run is the one that never met the fault."""
    space = {**SETTINGS["space"], "max_parameters": start_parameters}
    whole = make(tmp_path / "whole", chooser="train-only", space=space)
    with pytest.raises(ValpnasError):
        make(tmp_path / "run", chooser=f"{_HERE}:{chooser}", space=space)
    begun = events(tmp_path / "run")
    assert [event["event"] for event in begun] == ["proposed", "trained", "accepted"]
    again = valpnas("resume", "run", "--quiet", folder=tmp_path)
    assert_refused(again, match)
    assert events(tmp_path / "run") == begun
    monkeypatch.setattr(getattr(broken_plugins, chooser), "choose", TrainOnly.choose)
    go_on(tmp_path / "run")
    ended, wanted = contents(tmp_path / "run"), contents(whole.path)
    assert {**ended, "run.toml": 0} == {**wanted, "run.toml": 0}


@pytest.mark.parametrize(
    ("diagnostic", "error"),
    [("Blind", "raised KeyError: 'n7'"), ("Silent", "raised TypeError: expected findings, got a str")],
)
def test_a_diagnostic_that_breaks_at_the_end_is_named_and_the_run_ends(
    diagnostic: str, error: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The front is what was asked for; the other diagnostics are heard, and the file and a message name this one."""
    whole = make(tmp_path / "whole")
    theirs = (Entry(diagnostic, "breaks", f"{_HERE}:{diagnostic}"), *catalog.entries("diagnostics"))
    entries = catalog.entries
    monkeypatch.setattr(catalog, "entries", lambda table: theirs if table == "diagnostics" else entries(table))
    said: list[str] = []
    run = design(small_problem(), say=said.append, **{**SETTINGS, "out": str(tmp_path / "run")})
    assert run.summary()["ended"]
    for member in run.front:
        name = f"{member.candidate:05d}.json"
        seen, wanted = (json.loads((path / "diagnostics" / name).read_text()) for path in (run.path, whole.path))
        assert error in seen.pop("errors")[diagnostic]
        assert set(seen.pop("seconds")) == set(wanted.pop("seconds")), "of those that were heard"
        assert seen == wanted
    assert sum(error in message for message in said) == len(run.front)


def test_an_operator_that_returns_nothing_fails_its_candidate_alone(tmp_path: Path) -> None:
    run = make(tmp_path / "run", chooser=f"{_HERE}:OnlyIdle", operators=[f"{_HERE}:Idle"], steps=2)
    failed = [event["reason"] for event in events(run.path) if event["event"] == "failed"]
    wanted = "idle raised OperatorError: idle: expected apply to return a Mutated, got NoneType; return draft.finish()"
    assert failed == [wanted] * 2
    assert run.summary()["ended"]


def test_an_operator_without_a_list_of_sites_is_named(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match=r"operator 'homeless', asked for its sites, raised TypeError: .*; mend it"):
        make(tmp_path / "run", operators=[f"{_HERE}:Homeless"], steps=40)

"""Diagnosing: a model of a run and one in files of its own, stored findings and a second look, data and text."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from math import exp, expm1
from pathlib import Path
from typing import Any

import pytest

from tests.store.small_runs import make, small_problem, spread_front
from tests.test_cli import valpnas
from valpnas.contracts.finding import Finding
from valpnas.contracts.problem import Problem
from valpnas.diagnosing import diagnose_files, diagnose_run
from valpnas.errors import StoreError, ValpnasError
from valpnas.graph.subgraphs import served_outputs
from valpnas.graph.valp import LOWEST_RATE
from valpnas.opened_run import Run
from valpnas.report.diagnosis import Diagnosis, Subject, diagnosis
from valpnas.report.models import best_first, choose
from valpnas.report.summary import summarise
from valpnas.reporting import write_report
from valpnas.search.build import build_operators
from valpnas.store.problems import read_problem
from valpnas.store.run_directory import RunDirectory


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of the small problem that does not keep the weights of all its models."""
    return make(tmp_path_factory.mktemp("diagnosing") / "run", steps=6)


@pytest.fixture
def copy(run: Run, tmp_path: Path) -> Path:
    """A copy of the run that a test may alter."""
    shutil.copytree(run.path, tmp_path / "run")
    return tmp_path / "run"


def the_same_problem() -> Problem:
    """Return the small problem under the name by which a command finds it."""
    return replace(small_problem(), name="small")


def stored(path: Path, candidate: int, findings: list[Finding]) -> None:
    """Let a run say that its diagnostics saw ``findings``."""
    data = {"candidate": candidate, "findings": [finding.to_json() for finding in findings], "seconds": {}}
    (path / "diagnostics" / f"{candidate:05d}.json").write_text(json.dumps(data))


def test_the_table_tells_every_part_and_output(run: Run) -> None:
    made = diagnose_run(run)
    model = run.model(made.subject.candidate)
    valp = model.valp
    assert [part.name for part in made.parts] == [*(vertex.name for vertex in valp.inputs), *valp.order]
    for part in made.parts:
        assert [need.output for need in part.needs] == list(served_outputs(valp, part.name))
        assert (part.role == "network") == (part.name in valp.specs)
    assert [output.name for output in made.outputs] == ["side", "sum"]
    assert sum(p.parameters for p in made.parts) + sum(o.parameters for o in made.outputs) == model.parameters
    assert sum(p.share for p in made.parts) + sum(o.share for o in made.outputs) == pytest.approx(1)
    assert {output.verdict for output in made.outputs} == {"UNDECIDED"}  # so few batches say nothing


def test_without_a_candidate_it_is_the_one_with_the_lowest_mean_log_objective(copy: Path) -> None:
    best = spread_front(copy)[-1]
    kept = next((copy / "weights").iterdir()).stem  # the run itself may have kept others
    for folder, ending in (("graphs", "json"), ("weights", "safetensors")):
        (copy / folder / f"{best:05d}.{ending}").write_bytes((copy / folder / f"{kept}.{ending}").read_bytes())
    made = diagnose_run(Run(copy))
    assert len(Run(copy).front) > 2
    assert made.subject.candidate == best
    assert made.subject.objectives == Run(copy).front[-1].validation


def test_a_second_look_sees_what_the_run_saw(run: Run) -> None:
    for member in run.front:
        first, second = (diagnose_run(run, member.candidate, fresh) for fresh in (False, True))
        assert (first.subject.stored, second.subject.stored) == (True, False)
        assert first.findings == second.findings
        assert replace(first, subject=second.subject) == second


def test_a_model_without_stored_findings_is_looked_at(copy: Path) -> None:
    shutil.rmtree(copy / "diagnostics")
    made = diagnose_run(Run(copy))
    assert not made.subject.stored
    assert made.findings
    assert not (copy / "diagnostics").exists(), "a run is only read"


def test_stored_findings_become_verdicts_and_ranked_changes(copy: Path) -> None:
    candidate = Run(copy).front[0].candidate
    network = Run(copy).model(candidate).valp.order[0]
    outputs = served_outputs(Run(copy).model(candidate).valp, network)
    ratio = {f"ratio {output}": 1.0 for output in outputs}
    probe = {"unread": 0.3, "gain": 0.2, "standard error": 0.01}
    slope = {"slope per batch": -0.001, "standard error": 0.0001, "significance": 0.0, "batches": 300.0}
    findings = [
        Finding("STEEP", output="sum", strength=1.0, evidence=slope, advice="treat"),
        Finding("IRRELEVANT", network, strength=0.5, evidence=ratio, advice="treat"),
        Finding("ADDS_INFORMATION", network, outputs[0], 0.2, probe, "protect"),
        Finding("WEAK_OUTPUT", output="sum", evidence={"rank": 1.0}),
    ]
    stored(copy, candidate, findings)
    made = diagnose_run(Run(copy), candidate)
    (need, *_) = next(part for part in made.parts if part.name == network).needs
    assert (need.ratio, need.verdict) == (1.0, "IRRELEVANT")
    assert need.probe is not None
    assert (need.probe.score, need.probe.predecessor) == pytest.approx((0.7, 0.5))
    judged = made.outputs[1]
    assert (judged.slope, judged.error, judged.verdict) == (
        pytest.approx(expm1(-0.1)),
        pytest.approx(0.01 * exp(-0.1)),
        "STEEP",
    )
    assert (judged.rank, judged.standing) == (1.0, "WEAK_OUTPUT")
    _check_order(made, network, outputs[0])


def _check_order(made: Diagnosis, network: str, output: str) -> None:
    """The reducer would go first, but what it deletes is protected: it goes last, and says so."""
    asked = {each.variant for each in (*made.recommendations, *made.unplaced)}
    assert asked == {"delete_network", "clone_network/gentle"}
    ranks = [(bool(each.against), each.priority) for each in made.recommendations]
    assert ranks == sorted(ranks)
    for each in made.recommendations:
        assert each.sites
        assert each.variant in each.sentence
        assert each.finding.kind in each.sentence
        assert each.because in each.sentence
        assert (f"{network} adds information for {output}" in each.against) == (each.variant == "delete_network")
    assert made.protected == {network: f"adds information for {output}"}


def test_the_gap_stands_beside_the_slope_and_latents_beside_what_a_part_is_needed_for(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "140")
    candidate = Run(copy).front[0].candidate
    network = Run(copy).model(candidate).valp.order[0]
    output = served_outputs(Run(copy).model(candidate).valp, network)[0]
    gap = {"ratio": 3.0, "held-out loss": 0.3, "training loss": 0.1, "batches": 200.0}
    slope = {"slope per batch": -0.001, "standard error": 0.0001, "significance": 0.0, "batches": 300.0}
    one_component = {"weight": [1.0], "mean": [1.0], "spread": [1.0]}
    findings = [
        Finding("OFF_PRIOR", network, output, 0.4, {"divergence": 0.5}, hint=one_component),
        Finding("RELEVANT", network, output, 1.0, {f"ratio {output}": 4.0}, "protect"),
        Finding("MEMORISED", output="sum", strength=0.6, evidence=gap),
        Finding("STEEP", output="sum", evidence=slope, advice="treat"),
    ]
    stored(copy, candidate, findings)
    made = diagnose_run(Run(copy), candidate)
    (need, *_) = next(part for part in made.parts if part.name == network).needs
    assert (need.verdict, need.off_prior) == ("RELEVANT", 0.5)
    side, total = made.outputs
    assert (total.verdict, total.slope, total.gap, total.generality) == (
        "STEEP",
        pytest.approx(expm1(-0.1)),
        3.0,
        "MEMORISED",
    )
    assert (side.gap, side.generality) == (None, "")
    told = " ".join(valpnas("diagnose", "run", "--candidate", str(candidate), folder=copy.parent).stdout.split())
    assert "needed, latents off" in told
    assert "3.0x memorised" in told


def test_an_output_at_rest_is_said_to_rest_and_nothing_is_asked_for_it(run: Run) -> None:
    model, operators = run.model(run.front[0].candidate), build_operators(run.config)[0]
    slope = {"slope per batch": 0.0, "standard error": 0.0001, "significance": 1.0, "batches": 300.0}
    stuck = [Finding("STUCK", output=output, evidence=slope, advice="treat") for output in ("side", "sum")]
    how = replace(model.valp.output_training["sum"], learning_rate=LOWEST_RATE)
    resting = replace(model, valp=model.valp.with_training("sum", how))
    subject = Subject("here", "small", -1, "", False)
    made = [diagnosis(subject, each, stuck, operators, {}) for each in (model, resting)]
    asked = [{each.finding.output for each in one.recommendations} for one in made]
    assert asked == [{"side", "sum"}, {"side"}]
    told = {output.name: output.verdict for output in made[1].outputs}
    assert told == {"side": "STUCK", "sum": "RESTS"}


def test_a_model_in_files_of_its_own(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("valpnas.catalog.problem", lambda *_: the_same_problem())
    candidate = run.front[-1].candidate
    graph, weights = files_of(run, candidate)
    made = diagnose_files(graph, weights, "small")
    assert (made.subject.candidate, made.subject.stored) == (-1, False)
    of_run = diagnose_run(run, candidate)
    assert [(p.name, p.parameters, p.share) for p in made.parts] == [
        (p.name, p.parameters, p.share) for p in of_run.parts
    ]
    slopes = [[f for f in each.findings if "batches" in f.evidence and f.output] for each in (made, of_run)]
    assert slopes[0] == slopes[1], "what draws nothing sees the same"
    assert len(slopes[0]) == 2


def test_files_that_do_not_belong_together_are_refused(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("valpnas.catalog.problem", lambda *_: the_same_problem())
    graph, weights = files_of(run, run.front[-1].candidate)
    other = make(tmp_path / "other", seed=8, steps=1)
    with pytest.raises(ValpnasError, match="got those of another graph"):
        diagnose_files(graph, files_of(other, other.front[0].candidate)[1], "small")
    narrow = replace(the_same_problem(), inputs=the_same_problem().inputs[:1])
    monkeypatch.setattr("valpnas.catalog.problem", lambda *_: narrow)
    with pytest.raises(ValpnasError, match="expected inputs of problem 'small'"):
        diagnose_files(graph, weights, "small")


def files_of(run: Run, candidate: int) -> tuple[Path, Path]:
    """Return where a candidate's graph and weights lie."""
    return run.path / "graphs" / f"{candidate:05d}.json", run.path / "weights" / f"{candidate:05d}.safetensors"


def test_json_is_the_data(run: Run) -> None:
    done = valpnas("diagnose", run.path, "--json", folder=run.path.parent)
    assert done.returncode == 0, done.stderr
    printed: dict[str, Any] = json.loads(done.stdout)
    assert printed == json.loads(json.dumps(diagnose_run(run).to_json()))
    assert set(printed) >= {"subject", "parts", "outputs", "recommendations", "protected", "findings"}


def test_the_text_says_what_a_person_needs(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    candidate = Run(copy).front[0].candidate
    valp = Run(copy).model(candidate).valp
    network = valp.order[0]
    output = served_outputs(valp, network)[0]
    slope = {"slope per batch": -0.001, "standard error": 0.0001, "significance": 0.0, "batches": 300.0}
    stored(
        copy,
        candidate,
        [
            Finding("RELEVANT", network, output, 1.0, {"ratio": 12.0, "spread": 1.0}, "protect"),
            Finding("STUCK", output=output, evidence=slope, advice="treat"),
        ],
    )
    done = valpnas("diagnose", "run", "--candidate", str(candidate), folder=copy.parent)
    assert done.returncode == 0, done.stderr
    for words in ("████████  12.0x  needed", "stuck", "-9.5% ± 0.9%", "time, est. by", "multiply-adds", "1. Change"):
        assert words in done.stdout
    assert f"output {output} is STUCK" in " ".join(done.stdout.split())
    assert f"{network} is needed for {output}" in " ".join(done.stdout.split())
    assert max(len(line) for line in done.stdout.splitlines()) <= 100


def test_notes_of_the_problem_are_told(copy: Path) -> None:
    path = copy / "problem.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "notes": ["lossy images"]}))
    assert diagnose_run(Run(copy)).subject.notes == ("lossy images",)
    assert "\nnote: lossy images\n" in valpnas("diagnose", "run", folder=copy.parent).stdout


def test_what_cannot_be_diagnosed_is_one_line_and_code_2(run: Run, tmp_path: Path) -> None:
    kept = RunDirectory(run.path).kept()
    gone = next(c["candidate"] for c in run.history() if c["candidate"] not in kept)
    path = str(run.path)
    files = ("--graph", "a.json", "--weights", "b", "--problem", "digits")
    cases = {
        ("diagnose", path, "--candidate", str(gone)): "whose weights were kept",
        ("diagnose", path, "--candidate", "999"): "one that the run has tried",
        ("diagnose", str(tmp_path / "none")): "expected a run directory",
        ("diagnose",): "expected either RUN, or --graph",
        ("diagnose", path, "--problem", "digits"): "expected either RUN, or --graph",
        ("diagnose", *files, "--candidate", "3"): "--candidate: expected RUN with it, got 3 with --graph",
        ("diagnose", *files, "--fresh"): "--fresh: expected RUN with it, got --graph",
        ("diagnose", "--graph", "a.json", "--weights", "b", "--problem", "nothing"): "unknown problem 'nothing'",
        ("diagnose", "--graph", "a.json", "--weights", "b", "--problem", "digits"): "expected a file, found none",
    }
    for words, said in cases.items():
        done = valpnas(*words, folder=tmp_path)
        assert done.returncode == 2, words
        assert said in done.stderr
        assert done.stderr.count("\n") == 1


def test_altered_findings_are_refused_by_file_and_looked_at_again(copy: Path) -> None:
    candidate = diagnose_run(Run(copy)).subject.candidate
    file = copy / "diagnostics" / f"{candidate:05d}.json"
    stored(copy, candidate, [Finding("RELEVANT", "gone", "sum", evidence={"ratio": 2.0})])
    cases = {
        "[]": "the whole of type list",
        "{}": "nothing called 'findings'",
        '{"findings": [[]]}': "a finding of type list",
        '{"findings": [{"kind": "A", "evidence": {"ratio": "2"}}]}': "ratio of type str",
        '{"findings": [{"kind": "A", "advice": "pray"}]}': "advice 'pray'",
        '{"findings": [], "errors": {"a": 1}}': "the error of a of type int",
        '{"findings": [{"kind": "A", "output": "price"}]}': "a finding about output 'price'",
        "{": "no JSON",
        file.read_text(): "a finding about 'gone', which its graph does not have",
    }
    for text, said in cases.items():
        file.write_text(text)
        for read in (diagnose_run, write_report):
            with pytest.raises(StoreError, match=f"{re.escape(str(file))}: .* got {said}.*--fresh"):
                read(Run(copy))  # type: ignore[operator]
    assert diagnose_run(Run(copy), fresh=True).findings


def test_page_and_diagnosis_agree_on_the_best_model(copy: Path) -> None:
    spread_front(copy)
    directory = RunDirectory(copy)
    front, problem = summarise(directory)["front"], read_problem(copy)
    assert len(front) > 2
    (first, why), *_ = choose(front, problem)
    assert why.startswith("best all-round")
    assert first == best_first(front, problem["ideal"])[0]
    assert first["candidate"] == spread_front(copy)[-1]

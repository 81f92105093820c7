"""by-gap: depth where an output generalises, other changes of its own parts where it is memorised, and why in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.training.toy_data import DENSE
from valpnas import catalog
from valpnas.contracts.finding import Finding
from valpnas.contracts.job import Job, Proposal
from valpnas.contracts.protocol import Protocol, Schedule
from valpnas.graph.subgraphs import served_outputs
from valpnas.graph.valp import Valp
from valpnas.search.choosers.by_gap import ByGap
from valpnas.search.choosers.growing import DEPTH
from valpnas.search.hill_climbing import HillClimbing

from .fakes import ACCEPTANCES, PROBLEM, FakeBench, Story, better, play

OPERATORS = catalog.operators(DENSE)
OUTPUTS = {output.name for output in PROBLEM.outputs}
CONSTANT = Protocol(schedule=Schedule("constant"))


def memorised(*outputs: str) -> list[Finding]:
    return [Finding("MEMORISED", output=output, evidence={"ratio": 3.0}) for output in outputs]


def story(findings: Sequence[Finding], most: int = 0, seed: int = 0) -> Story:
    bench = FakeBench(space=replace(DENSE, max_parameters=most), seen=findings, seed=seed)
    return play(HillClimbing(ByGap(), ACCEPTANCES["always"], steps=12, protocol=CONSTANT), bench, better)


def changes(findings: Sequence[Finding]) -> list[tuple[Valp, Proposal]]:
    """Every change of three searches, with the graph that it was proposed for."""
    jobs = [pair for seed in range(3) for pair in _changes(story(findings, seed=seed).jobs)]
    assert len(jobs) > 20
    return jobs


def _changes(jobs: Sequence[Job]) -> list[tuple[Valp, Proposal]]:
    graphs = {job.record.candidate: job.model.valp for job in jobs}
    made = [job.record for job in jobs if job.record.proposal is not None]
    return [(graphs[record.parents[0]], record.proposal) for record in made if record.proposal is not None]


def served(valp: Valp, proposal: Proposal) -> set[str]:
    """The outputs that a change can alter: of an arc, what its target serves."""
    site = proposal.site
    parts = {*site.components, *(target for _, target in site.arcs)}
    below = {output for part in parts if part in valp.specs for output in served_outputs(valp, part)}
    return below | (parts & OUTPUTS) | set(site.outputs) or OUTPUTS


@pytest.mark.parametrize("findings", [[], [Finding("GENERALISES", output=output) for output in OUTPUTS]])
def test_what_generalises_or_is_unjudged_gets_gentle_depth(findings: list[Finding]) -> None:
    proposals = [proposal for _, proposal in changes(findings)]
    assert {proposal.variant for proposal in proposals} == set(DEPTH)
    assert all("is not memorised" in proposal.reason and not proposal.findings for proposal in proposals)


def test_what_is_memorised_gets_anything_else() -> None:
    proposals = [proposal for _, proposal in changes(memorised(*OUTPUTS))]
    assert len({proposal.variant for proposal in proposals}) > 5
    assert {proposal.variant for proposal in proposals}.isdisjoint(DEPTH)
    assert all("held-out loss 3.0 times" in proposal.reason and proposal.findings for proposal in proposals)


def test_a_memorised_output_is_changed_where_it_alone_is_served() -> None:
    findings = memorised("y1")
    for valp, proposal in changes(findings):
        if proposal.findings:
            assert served(valp, proposal) == {"y1"}
            assert proposal.findings == tuple(findings)
        else:
            assert proposal.variant in DEPTH


def test_what_a_memorised_output_relies_on_is_left_alone() -> None:
    relevant = [Finding("RELEVANT", f"n{i}", output, advice="protect") for i in range(30) for output in OUTPUTS]
    for _, proposal in changes([*memorised(*OUTPUTS), *relevant]):
        operator = OPERATORS[proposal.variant]
        touched = {*proposal.site.components, *(source for source, _ in proposal.site.arcs)}
        assert operator.gentle or not any(part.startswith("n") for part in touched), proposal


def test_a_full_model_trains_on_and_says_why() -> None:
    start = story([]).jobs[0].model.parameters
    full = story([], most=start)
    assert full.origins == ["start"] + ["continue"] * 12
    for job in full.jobs[1:]:
        assert job.record.continued is not None
        assert "would exceed max_parameters" in job.record.continued.reason

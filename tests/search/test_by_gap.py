"""by-gap: depth where an output generalises, rest where it is memorised and past its best, and why in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from tests.training.toy_data import DENSE
from valpnas.contracts.finding import Finding
from valpnas.contracts.job import Job, Proposal
from valpnas.contracts.protocol import Protocol, Schedule
from valpnas.graph.subgraphs import exclusive_subgraph, served_outputs
from valpnas.graph.valp import Arc, Input, SubNetwork, Valp
from valpnas.networks.dense_spec import DenseSpec, Layer
from valpnas.search.choosers.by_gap import REST, ByGap
from valpnas.search.choosers.growing import DEPTH
from valpnas.search.hill_climbing import HillClimbing
from valpnas.seeding import stream

from .fakes import ACCEPTANCES, PROBLEM, FakeBench, Story, Verdict, better, play, situation

OUTPUTS = {output.name for output in PROBLEM.outputs}
REFERRED = replace(PROBLEM, reference=dict.fromkeys(OUTPUTS, 1.0))
CONSTANT = Protocol(schedule=Schedule("constant"))


def memorised(*outputs: str) -> list[Finding]:
    return [Finding("MEMORISED", output=output, evidence={"ratio": 3.0}) for output in outputs]


def story(findings: Sequence[Finding], score: Callable[[Job], Verdict] = better, most: int = 0, seed: int = 0) -> Story:
    bench = FakeBench(problem=REFERRED, space=replace(DENSE, max_parameters=most), seen=findings, seed=seed)
    return play(HillClimbing(ByGap(), ACCEPTANCES["always"], steps=12, protocol=CONSTANT), bench, score)


def worsening(*outputs: str) -> Callable[[Job], Verdict]:
    """These outputs are best at the start and get worse by a tenth of a constant's objective in each step."""

    def score(job: Job) -> Verdict:
        step = job.record.candidate
        return {output: 0.3 + 0.1 * step if output in outputs else 1 / (1 + step) for output in sorted(OUTPUTS)}

    return score


def rests(told: Story) -> list[tuple[int, str]]:
    """The steps in which outputs were laid to rest."""
    return [
        (job.record.candidate, proposal.site.outputs[0])
        for job in told.jobs
        if (proposal := job.record.proposal) and proposal.variant == REST
    ]


@pytest.mark.parametrize("findings", [[], [Finding("GENERALISES", output=output) for output in OUTPUTS]])
def test_what_generalises_or_is_unjudged_gets_gentle_depth(findings: list[Finding]) -> None:
    proposals = [proposal for seed in range(3) for proposal in story(findings, seed=seed).proposals]
    assert len(proposals) > 20
    assert {proposal.variant for proposal in proposals} == set(DEPTH)
    assert all("is not memorised" in proposal.reason for proposal in proposals)


def test_an_output_without_a_place_for_depth_gets_another_gentle_addition() -> None:
    """It hears nothing but an image, into which no network can be put gently."""
    image = [Input("x", (1, 3, 3))]
    arcs = [Arc("x", "n1"), *(Arc("n1" if output != "y1" else "x", output) for output in sorted(OUTPUTS))]
    valp = Valp.make(image, [SubNetwork("n1", DenseSpec(4, (Layer(4, "relu"),)))], PROBLEM.outputs, arcs)
    bench = FakeBench(problem=REFERRED, seen=memorised("y2", "y3"))
    proposal = ByGap().choose(situation(valp, bench), stream(0))
    assert isinstance(proposal, Proposal)
    assert (proposal.variant, proposal.site.arcs[0][1]) == ("add_connection/gentle", "y1")


def test_what_is_memorised_and_no_worse_is_left_as_it_is() -> None:
    told = story(memorised(*OUTPUTS))
    assert told.origins == ["start"] + ["continue"] * 12
    assert "no addition to an output that is not memorised is left" in str(told.jobs[-1].record.continued)


def test_depth_goes_where_no_memorised_output_is_changed_if_it_can() -> None:
    told = story(memorised("y1"))
    graphs = {job.record.candidate: job.model.valp for job in told.jobs}
    pairs = [(graphs[job.record.parents[0]], job.record.proposal) for job in told.jobs if job.record.proposal]
    assert len(pairs) > 8
    for valp, proposal in pairs:
        (arc,) = proposal.site.arcs or ((proposal.site.components[0],) * 2,)
        changed = {arc[1]} if arc[1] in OUTPUTS else set(served_outputs(valp, arc[1]))
        assert changed - {"y1"}
        if "y1" in changed:  # then all that serves the others serves it too
            own = [n for o in OUTPUTS - {"y1"} for n in exclusive_subgraph(valp, o)]
            assert not own


def test_what_is_memorised_and_past_its_best_rests_after_two_such_steps() -> None:
    told = story(memorised("y1"), worsening("y1"))
    assert rests(told) == [(3, "y1")]
    (proposal,) = (p for p in told.proposals if p.variant == REST)
    assert "3.0 times that of training) and past its best: 0.3 then, 0.5 now" in proposal.reason
    assert proposal.findings == tuple(memorised("y1"))
    assert told.jobs[-1].model.valp.output_training["y1"].learning_rate == 1e-5


def test_what_gets_worse_and_is_not_memorised_goes_on() -> None:
    assert not rests(story([], worsening("y1")))


def test_outputs_rest_one_after_the_other_and_the_last_goes_on() -> None:
    told = story(memorised(*OUTPUTS), worsening(*OUTPUTS))
    assert [step for step, _ in rests(told)] == [3, 4]
    assert set(told.origins[5:]) == {"continue"}


def test_a_full_model_trains_on_and_says_why() -> None:
    start = story([]).jobs[0].model.parameters
    full = story([], most=start)
    assert full.origins == ["start"] + ["continue"] * 12
    for job in full.jobs[1:]:
        assert job.record.continued is not None
        assert "would exceed max_parameters" in job.record.continued.reason

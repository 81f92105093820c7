"""by-gap: depth where an output generalises, rest where it is memorised and past its best, and why in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import exp

import pytest

from tests.training.toy_data import DENSE
from valpnas.contracts.finding import Finding
from valpnas.contracts.job import Continue, Job, Proposal
from valpnas.contracts.past import Past
from valpnas.contracts.protocol import Protocol, Schedule
from valpnas.graph.subgraphs import exclusive_subgraph, makers, served_outputs, stands_alone
from valpnas.graph.tasks import Classification, Generation
from valpnas.graph.valp import Arc, Input, Output, SubNetwork, Valp
from valpnas.networks.decoder import DecoderSpec
from valpnas.networks.dense_spec import DenseSpec, Layer
from valpnas.networks.module import fresh_model
from valpnas.search.choosers.by_gap import ByGap
from valpnas.search.choosers.growing import DEPTH
from valpnas.search.choosers.latents import FIT_PRIOR
from valpnas.search.choosers.past_best import REST, TAKE_BACK
from valpnas.search.hill_climbing import HillClimbing
from valpnas.search.proposing import Child, propose
from valpnas.search.starts import RandomStart, Start
from valpnas.seeding import stream

from .fakes import ACCEPTANCES, PROBLEM, FakeBench, Story, Verdict, better, play, situation, trained

OUTPUTS = {output.name for output in PROBLEM.outputs}
REFERRED = replace(PROBLEM, reference=dict.fromkeys(OUTPUTS, 1.0))
CONSTANT = Protocol(schedule=Schedule("constant"))
DECAYING = Protocol(schedule=Schedule("linear"))


def memorised(*outputs: str) -> list[Finding]:
    return [Finding("MEMORISED", output=output, evidence={"ratio": 3.0}) for output in outputs]


def story(
    findings: Sequence[Finding],
    score: Callable[[Job], Verdict] = better,
    start: Valp | None = None,
    protocol: Protocol = CONSTANT,
    most: int = 0,
    seed: int = 0,
    rule: str = "always",
) -> Story:
    bench = FakeBench(problem=REFERRED, space=replace(DENSE, max_parameters=most), seen=findings, seed=seed)
    drawn = Given(start) if start else RandomStart()
    return play(HillClimbing(ByGap(), ACCEPTANCES[rule], (drawn,), steps=12, protocol=protocol), bench, score)


class Given(Start):
    """A start that is there already."""

    def __init__(self, valp: Valp) -> None:
        super().__init__()
        self.fixed = valp

    def draw(self, *_: object) -> Valp:
        return self.fixed


def connected(*arcs: tuple[str, str]) -> Valp:
    """Return a VALP for the problem with small networks for all that is neither input nor output."""
    names = sorted({name for arc in arcs for name in arc} - {"x"} - OUTPUTS)
    networks = [SubNetwork(name, DenseSpec(4, (Layer(4, "relu"),))) for name in names]
    return Valp.make(PROBLEM.inputs, networks, PROBLEM.outputs, [Arc(*arc) for arc in arcs])


HEAD = connected(("x", "n1"), ("n1", "y1"), ("n1", "y2"), ("n1", "y3"))  # y1 has nothing but its head
SHARES = connected(("x", "n1"), ("n1", "n2"), ("n2", "y1"), ("n1", "y2"), ("n1", "y3"))
ALONE = connected(("x", "n1"), ("x", "n2"), ("n2", "y1"), ("n1", "y2"), ("n1", "y3"))
ALL_ALONE = connected(("x", "n1"), ("x", "n2"), ("x", "n3"), ("n1", "y1"), ("n2", "y2"), ("n3", "y3"))


def worsening(*outputs: str) -> Callable[[Job], Verdict]:
    """These outputs are best at the start and get worse by a tenth of a constant's objective in each step."""

    def score(job: Job) -> Verdict:
        step = job.record.candidate
        return {output: 0.3 + 0.1 * step if output in outputs else 1 / (1 + step) for output in sorted(OUTPUTS)}

    return score


def changes(told: Story, *variants: str) -> list[tuple[int, str, int | None]]:
    """The steps in which these changes were made, to which outputs, and who gave."""
    made = [(job.record.candidate, job.record.proposal) for job in told.jobs if job.record.proposal]
    return [(step, how.site.outputs[0], how.donor) for step, how in made if how.variant in variants]


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
    assert told.jobs[-1].record.continued == Continue(
        "every output is memorised or rests: what adds weights would add to that"
    )


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


@pytest.mark.parametrize("start", [HEAD, SHARES])
def test_what_is_memorised_and_past_its_best_gets_back_all_that_made_it_then(start: Valp) -> None:
    told = story(memorised("y1"), worsening("y1"), start)
    assert changes(told, REST, TAKE_BACK) == [(3, "y1", 0)]
    (proposal,) = (p for p in told.proposals if p.variant == TAKE_BACK)
    said = "3.0 times that of training) and past its best: 0.3 then, 0.5 now; model 0 had 0.3"
    assert proposal.reason.endswith(said)
    assert proposal.findings == tuple(memorised("y1"))
    model, donor = told.jobs[3].model, trained(told.jobs[0])
    assert stands_alone(model.valp, "y1")
    assert model.valp.output_training["y1"].learning_rate == 1e-5
    biases = [
        sorted(tuple(each.weights[f"networks.{name}.main.0.bias"].tolist()) for name in makers(each.valp, "y1"))
        for each in (model, donor)
    ]
    assert biases[0] == biases[1]


def test_without_room_for_copies_it_rests() -> None:
    told = story(memorised("y1"), worsening("y1"), HEAD, most=fresh_model(HEAD, stream(0)).parameters)
    assert changes(told, REST, TAKE_BACK) == [(3, "y1", None)]
    (proposal,) = (p for p in told.proposals if p.variant == REST)
    assert proposal.reason.endswith("past its best: 0.3 then, 0.5 now")
    assert told.jobs[-1].model.valp.output_training["y1"].learning_rate == 1e-5


def test_who_can_no_longer_give_leaves_it_to_rest() -> None:
    """Of the models kept, none is better at it: all but the current one failed or were dominated."""
    seen = situation(SHARES, FakeBench(problem=REFERRED, seen=memorised("y1")))
    line = [
        Past(i, i - 1 if i else None, objectives=dict.fromkeys(OUTPUTS, score), adopted=True)
        for i, score in enumerate((0.3, 0.5, 0.5))
    ]
    proposal = ByGap().choose(replace(seen, history=line, kept={2: line[2].objectives}), stream(0))
    assert isinstance(proposal, Proposal)
    assert (proposal.variant, proposal.donor) == (REST, None)


def test_a_start_that_was_overtaken_is_not_what_an_output_was() -> None:
    seen = situation(SHARES, FakeBench(problem=REFERRED, seen=memorised("y1")))
    scores, parents = (0.3, 0.5, 0.5), (None, None, 1)
    line = [
        Past(i, parent, objectives=dict.fromkeys(OUTPUTS, score), adopted=True)
        for i, (parent, score) in enumerate(zip(parents, scores, strict=True))
    ]
    proposal = ByGap().choose(replace(seen, history=line, kept={0: line[0].objectives}), stream(0))
    assert isinstance(proposal, Proposal)
    assert proposal.variant in DEPTH


def test_outputs_rest_one_after_the_other_and_the_last_goes_on() -> None:
    told = story(memorised(*OUTPUTS), worsening(*OUTPUTS), HEAD)
    assert [step for step, *_ in changes(told, REST, TAKE_BACK)] == [3, 4]
    assert set(told.origins[5:]) == {"continue"}


@pytest.mark.parametrize(("start", "findings"), [(ALONE, memorised("y1")), (ALONE, []), (SHARES, []), (HEAD, [])])
@pytest.mark.parametrize("protocol", [DECAYING, CONSTANT])
def test_what_goes_on_is_given_back_in_the_last_step_of_all(
    start: Valp, findings: Sequence[Finding], protocol: Protocol
) -> None:
    told = story(findings, worsening("y1"), start, protocol)
    assert changes(told, REST, TAKE_BACK) == [(12, "y1", 0)]
    assert told.proposals[-1].reason == "y1 has been better: 1.4 now; model 0 had 0.3"


@pytest.mark.parametrize("rule", sorted(ACCEPTANCES))
def test_what_is_given_back_in_the_decay_is_adopted_by_any_rule(rule: str) -> None:
    """Rejected, the model would go without the end of its decay."""
    told = story([], worsening("y1"), ALONE, DECAYING, rule=rule)
    assert changes(told, TAKE_BACK) == [(12, "y1", 0)]
    assert told.verdicts[12] == "accepted"


def test_nothing_is_given_back_by_a_model_that_was_better_at_everything() -> None:
    told = story([], worsening(*OUTPUTS), ALONE, DECAYING)
    assert not changes(told, TAKE_BACK)


def test_an_objective_of_zero_is_as_good_as_any() -> None:
    def score(job: Job) -> Verdict:
        step = job.record.candidate
        return {"y1": 0.0 if step == 3 else 0.5, "y2": 1 / (1 + step), "y3": 1 / (1 + step)}

    assert changes(story([], score, ALONE, DECAYING), TAKE_BACK) == [(12, "y1", 3)]


def test_several_are_given_back_in_as_many_last_steps() -> None:
    told = story([], worsening("y1", "y3"), ALL_ALONE, DECAYING)
    assert sorted(changes(told, TAKE_BACK)) == [(11, "y1", 0), (12, "y3", 0)]
    assert [o for o, how in told.jobs[-1].model.valp.output_training.items() if not how.rests] == ["y2"]


def test_what_is_at_its_best_is_left_alone_in_the_last_steps() -> None:
    told = story([], better, ALL_ALONE, DECAYING)
    assert not changes(told, TAKE_BACK)
    assert told.jobs[12].record.continued == Continue("final decay: what is new now has no time left to learn")


def test_a_full_model_trains_on_and_says_why() -> None:
    start = story([]).jobs[0].model.parameters
    full = story([], most=start)
    assert full.origins == ["start"] + ["continue"] * 12
    for job in full.jobs[1:]:
        assert job.record.continued is not None
        assert "would exceed max_parameters" in job.record.continued.reason


DRAWN = [Output("c", Classification(3)), Output("p", Generation((1, 2, 2)))]
DRAWING = Valp.make(
    [Input("x", (3,))],
    [SubNetwork("d", DecoderSpec(2, DenseSpec(4, (Layer(4, "relu"),))))],
    DRAWN,
    [Arc("x", "d"), Arc("x", "c"), Arc("d", "p")],
)


def off_prior(divergence: float) -> Finding:
    hint = {"weight": (1.0,), "mean": (1.0, 0.5), "spread": (1.0, 2.0)}
    return Finding("OFF_PRIOR", "d", "p", 1 - exp(-divergence), {"divergence": divergence}, hint=hint)


@pytest.mark.parametrize(
    ("divergence", "left", "decays", "mended"),
    [(0.5, 20, False, True), (0.1, 20, False, False), (0.1, 20, True, True), (0.1, 3, False, True)],
)
def test_latents_far_off_are_mended_at_once_and_others_late(
    divergence: float, left: int, decays: bool, mended: bool
) -> None:
    seen = situation(DRAWING, FakeBench(problem=REFERRED, seen=[off_prior(divergence)]))
    proposal = ByGap().choose(replace(seen, steps_left=left, decays=decays), stream(0))
    wanted = isinstance(proposal, Proposal) and proposal.variant == FIT_PRIOR
    assert wanted == mended
    if mended:
        assert (
            proposal.reason == f"latents of d lie {divergence:.2f} nats per number off what samples of p are drawn from"
        )


@pytest.mark.parametrize(("steps", "left", "mended"), [(5, 20, True), (6, 20, False), (6, 3, True), (10, 20, True)])
def test_latents_are_looked_at_in_every_fifth_step_and_in_the_last_ones(steps: int, left: int, mended: bool) -> None:
    seen = situation(DRAWING, FakeBench(problem=REFERRED, seen=[off_prior(1.0)]))
    history = [Past(number, 0, adopted=True) for number in range(steps)]
    proposal = ByGap().choose(replace(seen, history=history, steps_left=left), stream(0))
    assert (isinstance(proposal, Proposal) and proposal.variant == FIT_PRIOR) == mended


def test_samples_of_an_output_at_rest_are_drawn_as_latents_are_too() -> None:
    resting = DRAWING.with_training("p", replace(DRAWING.output_training["p"], learning_rate=1e-5))
    seen = situation(resting, FakeBench(problem=REFERRED, seen=[off_prior(1.0)]))
    proposal = ByGap().choose(replace(seen, decays=True, steps_left=5), stream(0))
    assert isinstance(proposal, Proposal)
    assert proposal.variant == FIT_PRIOR


def test_what_the_finding_measured_reaches_the_operator() -> None:
    bench = FakeBench(problem=REFERRED, seen=[off_prior(1.0)], models={0: fresh_model(DRAWING, stream(0))})
    child = propose(ByGap(), situation(DRAWING, bench), 1, lambda _: "")
    assert isinstance(child, Child)
    assert child.model.buffers["networks.d.prior.mean"].tolist() == [[1.0, 0.5]]
    assert child.model.buffers["networks.d.prior.spread"].tolist() == [[1.0, 2.0]]

"""Population searches without training: what a generation is, who survives, what is kept, and that nothing repeats."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.graph.strategies import quick
from tests.training.toy_data import DENSE
from valpnas import catalog
from valpnas.contracts.chooser import Chooser, Situation
from valpnas.contracts.finding import Finding
from valpnas.contracts.job import Job, Proposal
from valpnas.contracts.operator import Site
from valpnas.errors import ConfigError, PluginError, TrainingFailedError
from valpnas.search import SEARCHES
from valpnas.search.digest import digest
from valpnas.search.kinds import counts_generations, search_class
from valpnas.search.pareto import front
from valpnas.search.population import Nsga2, Nsga3, PopulationSearch
from valpnas.seeding import stream

from .climbs import raises, unchanged
from .fakes import CHOOSERS, FakeBench, Spy, Verdict, better, fake, mixed, play, result_of, trained, worse

SEARCH = st.sampled_from([Nsga2, Nsga3])
ANY_CHOOSER = st.sampled_from(sorted(CHOOSERS))
NAME = "donate_exclusive_subgraph"
CROSSING = catalog.operators(DENSE)[NAME]
WEAK = Finding("WEAK_OUTPUT", output="y2", evidence={"rank": 0.9}, advice="treat")


def population(chooser: str | Chooser = "random", kind: type[PopulationSearch] = Nsga2, **settings: Any) -> Any:
    given_settings = {"population": 4, "generations": 3, "initial_batches": 50, "batches_per_step": 20, **settings}
    return kind(CHOOSERS[chooser] if isinstance(chooser, str) else chooser, **given_settings)


def bench(**settings: Any) -> FakeBench:
    return FakeBench(**settings)


def generations(jobs: list[Job], size: int = 4) -> list[list[Job]]:
    return [jobs[i : i + size] for i in range(0, len(jobs), size)]


# -- the course of a search -----------------------------------------------------------------------------------


def test_starts_come_first_and_then_as_many_children() -> None:
    story = play(population(), bench(), mixed)
    assert story.origins == ["start"] * 4 + ["change"] * 12
    assert [job.record.candidate for job in story.jobs] == list(range(16))
    assert [job.record.protocol.batches for job in story.jobs] == [50] * 4 + [20] * 12
    assert [population().progress(state) for state in story.states] == [(0, 3), (0, 3), (1, 3), (2, 3), (3, 3)]


def test_a_generation_covers_one_part_of_the_schedule() -> None:
    story = play(population(), bench(), mixed)
    spans = [{job.record.protocol.span for job in generation} for generation in generations(story.jobs)]
    assert [len(span) for span in spans] == [1] * 4
    ends = sorted(end for span in spans for end in span)
    assert ends[0][0] == 0
    assert ends[-1][1] == 1
    assert all(one[1] == other[0] for one, other in pairwise(ends))


def test_parents_are_members_and_survivors_the_best() -> None:
    story = play(population(), bench(), better)
    for state, generation in zip(story.states[1:], generations(story.jobs)[1:], strict=False):
        members = {member.candidate for member in state.members}
        assert {parent for job in generation for parent in job.record.parents} <= members
    assert [member.candidate for member in story.states[-1].members] == [12, 13, 14, 15]
    assert story.verdicts == ["accepted"] * 16
    assert play(population(), bench(), worse).verdicts == ["accepted"] * 4 + ["rejected"] * 12


@quick
@given(SEARCH, ANY_CHOOSER, st.integers(0, 3))
def test_telling_the_results_again_gives_the_state_again(kind: Any, chooser: str, seed: int) -> None:
    search = population(chooser, kind)
    story = play(search, bench(seen=[WEAK], seed=seed), mixed)
    state, told = search.begin(), list(story.results)
    for expected in story.states[1:]:
        batch = [result for result in told if result.candidate < expected.candidates]
        told = told[len(batch) :]
        state = search.tell(state, [replace(result, model=None) for result in batch])
        assert state == expected


@quick
@given(SEARCH, ANY_CHOOSER, st.integers(0, 3))
def test_the_same_seed_asks_the_same(kind: Any, chooser: str, seed: int) -> None:
    one, other = (play(population(chooser, kind), bench(seen=[WEAK], seed=seed), mixed) for _ in range(2))
    assert [job.record for job in one.jobs] == [job.record for job in other.jobs]


@quick
@given(SEARCH, ANY_CHOOSER, st.integers(0, 3))
def test_members_and_the_front_of_all_are_kept(kind: Any, chooser: str, seed: int) -> None:
    search = population(chooser, kind)
    story = play(search, bench(seed=seed), mixed)
    last = story.states[-1]
    assert list(search.front(last)) == front([result.objectives for result in story.results])
    for state in story.states[1:]:
        assert search.keep(state) == {m.candidate for m in state.members} | set(search.front(state))
        assert len(state.members) == 4


def test_a_search_is_known_by_its_class() -> None:
    assert [entry.name for entry in SEARCHES if counts_generations(entry.name)] == ["nsga2", "nsga3"]
    assert search_class("valpnas.search.population:Nsga3") is search_class("nsga3") is Nsga3
    with pytest.raises(ConfigError, match="expected a class of Search"):
        search_class("valpnas.search.pareto:front")


# -- while jobs are out ---------------------------------------------------------------------------------------


def gossip(search: Any, made: FakeBench, room: int) -> tuple[list[Job], list[Any]]:
    """Let ``search`` run without waiting; of the jobs that are out, lot decides which is done first."""
    state, out, jobs, rng = search.begin(), list[Job](), list[Job](), stream(7)
    states = [state]
    while asked := [*search.ask_more(state, made, [job.record for job in out], room - len(out)), *out]:
        jobs += [job for job in asked if job not in out]
        out = asked
        done = out.pop(int(rng.integers(len(out))))
        state = search.tell(state, [result_of(done, mixed(done))])
        made.models[done.record.candidate] = trained(done)
        made.models = {number: made.models[number] for number in search.keep(state)}
        states.append(state)
    return jobs, states


@quick
@given(SEARCH, ANY_CHOOSER, st.integers(1, 6))
def test_a_search_that_does_not_wait_trains_as_many_and_none_twice(kind: Any, chooser: str, room: int) -> None:
    jobs, states = gossip(population(chooser, kind), bench(seen=[WEAK]), room)
    assert sorted(job.record.candidate for job in jobs) == list(range(len(jobs)))
    assert len(jobs) == 16 or chooser == "train-only"
    assert [job.record.origin for job in jobs].count("start") == 4
    assert set(Counter((j.record.graph, j.record.inherited) for j in jobs if not j.fault).values()) == {1}
    assert [population().progress(state) for state in states][-1] == (3, 3) or chooser == "train-only"
    spans = {job.record.protocol.span for job in jobs}
    assert len(spans) == 4 or chooser == "train-only"


def test_one_at_a_time_each_child_competes_alone() -> None:
    jobs, states = gossip(population(), bench(), 1)
    assert len(states) == 1 + len(jobs)
    for before, after in pairwise(states):
        assert len({m.candidate for m in after.members} - {m.candidate for m in before.members}) <= 1


def test_starts_that_all_fail_while_others_are_out_are_drawn_anew() -> None:
    search, made = population(), bench()
    state = search.begin()
    first = search.ask_more(state, made, (), 3)
    assert [job.record.candidate for job in first] == [0, 1, 2]
    last = search.ask_more(state, made, [job.record for job in first], 3)
    assert [job.record.candidate for job in last] == [3]
    for job in [*first, *last]:
        state = search.tell(state, [result_of(job, "diverged")])
    again = search.ask_more(state, made, (), 3)
    assert [(job.record.candidate, job.record.origin) for job in again] == [(4, "start"), (5, "start"), (6, "start")]


# -- nothing is trained twice ---------------------------------------------------------------------------------


@quick
@given(SEARCH, ANY_CHOOSER, st.integers(0, 3))
def test_no_graph_is_trained_twice_from_the_same_weights(kind: Any, chooser: str, seed: int) -> None:
    story = play(population(chooser, kind, generations=5), bench(seen=[WEAK], seed=seed), mixed)
    trained = Counter((job.record.graph, digest(job.model)) for job in story.jobs if not job.fault)
    assert set(trained.values()) == {1}
    assert all(job.record.inherited == digest(job.model) for job in story.jobs if not job.fault)


def test_what_does_the_same_at_two_places_is_done_once() -> None:
    """Cutting either of two equal places leaves the same model: the chooser has to think of something else."""

    def shrink(model: Any) -> Any:
        return replace(unchanged(model), weights={name: 0.5 * tensor for name, tensor in model.weights.items()})

    operators = {"remove_layer": fake("remove_layer", Site(place="a"), Site(place="b"), does=shrink)}
    story = play(population(generations=1), bench(operators=operators), mixed)
    children = story.jobs[4:]
    assert max(Counter(j.record.parents[0] for j in children if j.record.origin == "change").values()) == 1


def test_training_further_happens_once_per_member_and_ends_when_all_were() -> None:
    story = play(population("train-only", generations=9), bench(), worse)
    assert story.origins == ["start"] * 4 + ["continue"] * 4
    assert sorted(job.record.parents[0] for job in story.jobs[4:]) == [0, 1, 2, 3]
    story = play(population("train-only", generations=9), bench(), better)
    assert len(story.jobs) == 4 + 9 * 4, "children that survive can be trained on"


def test_nothing_is_tried_twice_on_one_member() -> None:
    spy = Spy(CHOOSERS["random"])
    story = play(population(spy, generations=6), bench(), worse)
    changes = [(job.record.parents[0], job.record.proposal) for job in story.jobs[4:]]
    places = [(host, change.variant, change.site) for host, change in changes if change is not None]
    assert len(set(places)) == len(places) == 24
    last = spy.situations[-1]
    mine = {(variant, site) for host, variant, site in places[:20] if host == last.candidate}
    assert mine <= last.tried
    assert {variant for variant, _ in mine} <= last.set_aside


# -- donation -------------------------------------------------------------------------------------------------


def test_a_weak_output_is_treated_by_the_best_donor_there_is() -> None:
    story = play(population("guided", generations=1), bench(seen=[WEAK]), by_number)
    donations = [job.record for job in story.jobs if job.record.proposal and job.record.proposal.donor is not None]
    assert donations
    for record in donations:
        assert record.proposal is not None
        assert record.proposal.variant == "donate_exclusive_subgraph"
        assert record.proposal.site == Site(outputs=("y2",))
        assert record.parents == (record.parents[0], record.proposal.donor)
        assert record.proposal.donor in {0, 1, 2}, "of the better half of the others"
        assert "WEAK_OUTPUT" in record.proposal.reason


def by_number(job: Job) -> Verdict:
    return {"y1": 1.0 / (1 + job.record.candidate), "y2": 1.0 + job.record.candidate, "y3": 1.0}


def test_random_draws_donations_among_all_operators_but_not_in_a_search_of_one_model() -> None:
    story = play(population(generations=20), bench(), mixed)
    donors = [job.record.proposal.donor for job in story.jobs if job.record.proposal]
    assert any(donor is not None for donor in donors)
    lonely = Situation(0, story.jobs[0].model.valp, bench(), frozenset(), frozenset())
    assert "donate_exclusive_subgraph" not in lonely.operators
    assert "donate_exclusive_subgraph" in replace(lonely, peers={1: {}}).operators


def test_random_draws_among_the_outputs_that_somebody_can_donate_for() -> None:
    """What fits for one output only is found whatever is drawn, and all that fits is drawn in the end."""

    class Picky(type(CROSSING)):  # type: ignore[misc]
        def fits(self, host: Any, donor: Any, site: Site) -> bool:  # noqa: ARG002
            return site.outputs == ("y3",)

    models = {job.record.candidate: job.model for job in play(population(generations=0), bench(), mixed).jobs}
    peers = {number: {"y1": 1.0, "y2": 1.0, "y3": 1.0} for number in (1, 2, 3)}
    host, gives = models[0].valp, [models[number].valp for number in peers]
    for operator in (Picky(DENSE), CROSSING):
        made = bench(operators={NAME: operator}, models=models)
        situation = Situation(0, host, made, frozenset(), frozenset(), peers)
        drawn = [CHOOSERS["random"].choose(situation, stream(seed)) for seed in range(30)]
        sites = {change.site for change in drawn if isinstance(change, Proposal)}
        assert sites == {s for s in operator.sites(host) if any(operator.fits(host, donor, s) for donor in gives)}
        assert all(isinstance(change, Proposal) for change in drawn), "no draw is given up"
        assert len(sites) == 1 + (operator is CROSSING)


class Stranger(Chooser):
    """Proposes a donation by a model that is no member, or by none."""

    name = "stranger"

    def __init__(self, donor: int | None) -> None:
        self.donor = donor

    def choose(self, situation: Situation, rng: np.random.Generator) -> Proposal:  # noqa: ARG002
        return Proposal("donate_exclusive_subgraph", Site(outputs=("y2",)), "why not", donor=self.donor)


@pytest.mark.parametrize("donor", [None, 99])
def test_a_donor_that_is_no_member_is_refused_in_words(donor: int | None) -> None:
    with pytest.raises(PluginError, match=r"Stranger: expected a donor among \[.*\] for donate"):
        play(population(Stranger(donor)), bench(), mixed)


# -- failures and limits --------------------------------------------------------------------------------------


def test_what_fails_does_not_survive() -> None:
    story = play(population(), bench(), lambda job: "diverged" if job.record.candidate % 2 else better(job))
    for state in story.states[1:]:
        assert all(member.candidate % 2 == 0 for member in state.members)
    assert len(story.states[1].members) == 2
    assert len(story.states[-1].members) == 4, "children fill the places that failed starts left"


def test_starts_that_all_fail_are_drawn_anew_and_end_the_search_in_words() -> None:
    story = play(population(), bench(), lambda job: "diverged" if job.record.candidate < 4 else better(job))
    assert story.origins[:8] == ["start"] * 8
    with pytest.raises(TrainingFailedError, match="8 starts failed one after the other, the last: diverged"):
        play(population(), bench(), lambda _: "diverged")


def test_a_broken_operator_is_a_failed_child_and_does_not_keep_its_host_from_training_on() -> None:
    operators = {"remove_layer": fake("remove_layer", Site(place="a"), does=raises)}
    story = play(population(generations=4), bench(operators=operators), better)
    failed = [result for result in story.results if result.failed]
    assert failed
    assert all(result.reason.startswith("remove_layer raised ZeroDivisionError") for result in failed)
    assert all(not result.record.inherited for result in failed)
    assert "continue" in story.origins


def test_no_child_has_more_parameters_than_allowed() -> None:
    starts = play(population(generations=0), bench(), mixed).jobs
    most = max(job.model.parameters for job in starts)
    story = play(population(generations=6), bench(space=replace(DENSE, max_parameters=most)), better)
    assert all(job.model.parameters <= most for job in story.jobs)


def test_every_operator_of_the_run_is_registered_by_its_name() -> None:
    operators = catalog.operators(DENSE)
    toolbox = population().toolbox(operators)
    assert all(getattr(toolbox, name).args == (operator,) for name, operator in operators.items())


def test_selection_and_survival_draw_from_streams_of_the_run() -> None:
    one, other = (play(population(), bench(seed=seed), mixed) for seed in (0, 1))
    assert [j.record.parents for j in one.jobs[4:]] != [j.record.parents for j in other.jobs[4:]]
    assert stream(0, 1, "select").random() != stream(0, 2, "select").random()

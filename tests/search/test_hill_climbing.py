"""Hill climbing without training: what it asks, adopts, remembers and counts, whatever the results are."""

from __future__ import annotations

import importlib
import json
from dataclasses import replace
from functools import partial
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
from valpnas.contracts.job import Continue, Job, JobRecord, Proposal
from valpnas.contracts.model import Lineage, Model, Mutated
from valpnas.contracts.operator import Site
from valpnas.contracts.protocol import Protocol, Schedule
from valpnas.errors import ConfigError, PluginError, TrainingFailedError
from valpnas.graph.canonical import canonical_hash
from valpnas.graph.valp import Arc
from valpnas.networks.dense_spec import DenseSpec
from valpnas.search.acceptance import Acceptance, Change, Majority
from valpnas.search.hill_climbing import HillClimbing
from valpnas.search.pareto import front
from valpnas.search.starts import HandMade, RandomStart, promises_more

from .fakes import ACCEPTANCES, CHOOSERS, FakeBench, Spy, Verdict, better, fake, mixed, play, worse

CONSTANT = Protocol(schedule=Schedule("constant"))
RULES = st.sampled_from(sorted(ACCEPTANCES))
ANY_CHOOSER = st.sampled_from(sorted(CHOOSERS))
SEEN = (
    Finding("STEEP", output="y1", advice="treat"),
    Finding("IRRELEVANT", "n1", advice="treat"),
    Finding("PARTLY_RELEVANT", "n2", advice="treat"),
)


def climbing(chooser: str = "random", accept: str = "majority", **settings: Any) -> HillClimbing:
    """A search without a final decay, unless the settings say otherwise."""
    plan = {"steps": 8, "initial_batches": 50, "batches_per_step": 20, "protocol": CONSTANT}
    given_settings = {**plan, **settings}
    return HillClimbing(CHOOSERS[chooser], ACCEPTANCES[accept], **given_settings)


def failing(at: range, job: Job) -> Verdict:
    return "diverged" if job.record.candidate in at else better(job)


# -- the course of a search -----------------------------------------------------------------------------------


def test_it_starts_once_and_then_changes_the_current_model() -> None:
    story = play(climbing(), FakeBench(), better)
    assert story.origins == ["start"] + ["change"] * 8
    assert [job.record.candidate for job in story.jobs] == list(range(9))
    assert [job.record.parents for job in story.jobs] == [(), *((parent,) for parent in range(8))]
    assert [job.record.protocol.batches for job in story.jobs] == [50] + [20] * 8
    assert story.verdicts == ["accepted"] * 9


def test_a_rejected_change_leaves_the_current_model() -> None:
    story = play(climbing(), FakeBench(), worse)
    assert {job.record.parents for job in story.jobs[1:]} == {(0,)}
    assert story.verdicts == ["accepted"] + ["rejected"] * 8


@quick
@given(ANY_CHOOSER, RULES, st.sampled_from(["discard", "train-parent"]), st.integers(0, 3))
def test_a_search_ends_after_its_steps(chooser: str, accept: str, rejected: str, seed: int) -> None:
    story = play(climbing(chooser, accept, rejected=rejected, steps=5), FakeBench(seen=SEEN, seed=seed), mixed)
    progress = [climbing(steps=5).progress(state) for state in story.states]
    assert progress[0] == (0, 5)
    assert progress[-1] == (5, 5)
    assert all(0 <= after[0] - before[0] <= 1 for before, after in pairwise(progress))


@quick
@given(ANY_CHOOSER, RULES, st.integers(0, 3))
def test_telling_the_results_again_gives_the_state_again(chooser: str, accept: str, seed: int) -> None:
    """Resume relies on it: a state holds nothing that the results do not say."""
    search = climbing(chooser, accept, rejected="train-parent", steps=4)
    story = play(search, FakeBench(seen=SEEN, seed=seed), mixed)
    state = search.begin()
    for result, expected in zip(story.results, story.states[1:], strict=True):
        state = search.tell(state, [replace(result, model=None)])
        assert state == expected


@quick
@given(ANY_CHOOSER, RULES, st.integers(0, 3))
def test_the_same_seed_asks_the_same(chooser: str, accept: str, seed: int) -> None:
    one, other = (play(climbing(chooser, accept, steps=4), FakeBench(seen=SEEN, seed=seed), mixed) for _ in range(2))
    assert [job.record for job in one.jobs] == [job.record for job in other.jobs]


@quick
@given(ANY_CHOOSER, RULES, st.integers(0, 3))
def test_the_front_is_that_of_all_that_was_evaluated_and_is_kept(chooser: str, accept: str, seed: int) -> None:
    search = climbing(chooser, accept, steps=6)
    story = play(search, FakeBench(seen=SEEN, seed=seed), mixed)
    points = [result.objectives for result in story.results]
    assert list(search.front(story.states[-1])) == front(points)
    for state in story.states[1:]:
        assert search.keep(state) == set(search.front(state)) | {state.current}


class Watching(Acceptance):
    """Accepts by majority and notes what it was asked."""

    name = "watching"

    def __init__(self) -> None:
        self.asked: list[Change] = []

    def accepts(self, change: Change) -> bool:
        self.asked.append(change)
        return Majority().accepts(change)


def test_a_rule_is_asked_about_the_candidate_the_current_model_and_the_front_before() -> None:
    rule = Watching()
    search = HillClimbing(CHOOSERS["random"], rule, steps=6, protocol=CONSTANT)
    story = play(search, FakeBench(), mixed)
    operators = catalog.operators(DENSE)
    for change, result, state in zip(rule.asked, story.results[1:], story.states[1:-1], strict=True):
        assert change.candidate == result.objectives
        assert change.current == state.objectives
        assert change.archive == [known for _, known in state.archive]
        assert result.record.proposal is not None
        assert change.gentle == operators[result.record.proposal.variant].gentle
    assert {change.gentle for change in rule.asked} == {True, False}


# -- what was tried -------------------------------------------------------------------------------------------


def site_key(job: Job) -> tuple[str, Site]:
    assert job.record.proposal is not None
    return job.record.proposal.variant, job.record.proposal.site


@pytest.mark.parametrize("rejected", ["discard", "train-parent"])
def test_nothing_is_tried_twice_from_one_structure(rejected: str) -> None:
    """Until nothing is left: then the model is trained further."""
    operators = {
        "add_layer/gentle": fake("add_layer/gentle", *(Site(place=str(i)) for i in range(4)), does=unchanged),
        "remove_layer": fake("remove_layer", Site(place="main.0"), Site(place="main.1"), does=unchanged),
    }
    search = climbing(steps=10, rejected=rejected)
    story = play(search, FakeBench(operators=operators), worse_changes)
    tried = [site_key(job) for job in story.jobs if job.record.origin == "change"]
    assert len(tried) == len(set(tried)) == 6
    assert story.origins[-4:] == ["continue"] * 4


def unchanged(model: Model) -> Mutated:
    return Mutated(model.valp, model.weights, model.buffers, Lineage({}, {}, {}))


def worse_changes(job: Job) -> Verdict:
    return worse(job) if job.record.origin == "change" else better(job)


def test_real_operators_are_not_tried_twice_either() -> None:
    story = play(climbing(steps=60), FakeBench(), worse)
    tried = [site_key(job) for job in story.jobs[1:]]
    assert len(set(tried)) == len(tried) == 60


def test_what_was_tried_is_forgotten_when_the_structure_changes() -> None:
    spy = Spy(CHOOSERS["random"])
    search = HillClimbing(spy, Majority(), steps=6, protocol=CONSTANT)
    story = play(search, FakeBench(), lambda job: better(job) if job.record.candidate in (0, 3) else worse(job))
    sizes = [len(situation.tried) for situation in spy.situations]
    assert sizes == [0, 1, 2, 0, 1, 2]
    for situation, job in zip(spy.situations[1:3], story.jobs[1:3], strict=True):
        assert site_key(job) in situation.tried
        assert site_key(job)[0] in situation.set_aside
    assert spy.situations[3].set_aside == frozenset()


def test_training_further_does_not_make_failures_untried() -> None:
    """The structure is the same, only older."""
    spy = Spy(CHOOSERS["random"])
    search = HillClimbing(spy, Majority(), steps=4, rejected="train-parent", protocol=CONSTANT)
    play(search, FakeBench(), worse_changes)
    assert [len(situation.tried) for situation in spy.situations] == [0, 1, 2, 3]
    assert [situation.candidate for situation in spy.situations] == [0, 2, 4, 6]


# -- rejected training ----------------------------------------------------------------------------------------


def test_train_parent_gives_the_parent_the_batches_of_its_rejected_change() -> None:
    story = play(climbing(steps=3, rejected="train-parent"), FakeBench(), worse_changes)
    assert story.origins == ["start", *["change", "continue"] * 3]
    assert [job.record.parents for job in story.jobs] == [(), (0,), (0,), (2,), (2,), (4,), (4,)]
    assert story.verdicts == ["accepted", *["rejected", "accepted"] * 3]
    assert sum(result.batches for result in story.results) == 50 + 3 * (20 + 20)
    for change, parent in zip(story.jobs[1::2], story.jobs[2::2], strict=True):
        assert parent.record.protocol == change.record.protocol, "the same stretch of the schedule"
        assert parent.record.graph == story.jobs[0].record.graph


def test_train_parent_owes_nothing_after_an_accepted_change() -> None:
    story = play(climbing(steps=3, rejected="train-parent"), FakeBench(), better)
    assert story.origins == ["start", "change", "change", "change"]


def test_discard_counts_the_batches_of_rejected_changes_too() -> None:
    story = play(climbing(steps=3), FakeBench(), worse)
    assert sum(result.batches for result in story.results) == 50 + 3 * 20


def test_owed_training_that_fails_is_not_owed_for_ever() -> None:
    def score(job: Job) -> Verdict:
        return "diverged" if job.record.origin == "continue" else worse(job)

    story = play(climbing(steps=3, rejected="train-parent"), FakeBench(), score)
    assert story.origins == ["start", *["change", "continue"] * 3]
    assert {job.record.parents for job in story.jobs[1:]} == {(0,)}


def test_training_further_is_adopted_even_when_it_got_worse() -> None:
    """There is no choice to make about it; the front keeps the better one."""
    search = climbing("train-only", steps=3)
    story = play(search, FakeBench(), worse)
    assert story.verdicts == ["accepted"] * 4
    assert [job.record.parents for job in story.jobs] == [(), (0,), (1,), (2,)]
    assert search.front(story.states[-1]) == [0]


# -- train-only -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("score", [better, worse, mixed])
def test_train_only_never_changes_the_structure(score: Any) -> None:
    story = play(climbing("train-only"), FakeBench(seen=SEEN), score)
    assert story.origins == ["start"] + ["continue"] * 8
    assert len({job.record.graph for job in story.jobs}) == 1
    assert {canonical_hash(job.model.valp) for job in story.jobs} == {story.jobs[0].record.graph}


# -- the schedule ---------------------------------------------------------------------------------------------


@quick
@given(ANY_CHOOSER, st.sampled_from(["discard", "train-parent"]), st.integers(1, 12), st.integers(1, 500))
def test_spans_are_contiguous_and_end_at_one(chooser: str, rejected: str, steps: int, batches: int) -> None:
    search = climbing(chooser, steps=steps, rejected=rejected, initial_batches=batches, batches_per_step=7)
    story = play(search, FakeBench(seen=SEEN), mixed)
    spans = [job.record.protocol.span for job in story.jobs]
    stretches = sorted(set(spans))
    assert stretches[0][0] == 0
    assert stretches[-1][1] == 1
    assert all(one[1] == other[0] for one, other in pairwise(stretches))
    assert len(stretches) == steps + 1
    assert spans == sorted(spans)


def test_without_steps_the_start_has_the_whole_schedule() -> None:
    story = play(climbing(steps=0), FakeBench(), better)
    assert [job.record.protocol.span for job in story.jobs] == [(0.0, 1.0)]


def test_every_job_has_the_schedule_and_the_time_limit_of_the_run() -> None:
    story = play(climbing(protocol=Protocol(schedule=Schedule("cosine"), time_limit=3.5)), FakeBench(), mixed)
    assert {(job.record.protocol.schedule.name, job.record.protocol.time_limit) for job in story.jobs} == {
        ("cosine", 3.5)
    }


@pytest.mark.parametrize(("final", "changes"), [(0.3, 5), (0.8, 0), (1.0, 8)])
def test_nothing_is_changed_in_the_final_decay_and_the_reason_is_said(final: float, changes: int) -> None:
    """210 batches, of which the steps are those from 50 on; a rate that falls all the time has no final decay."""
    story = play(climbing(protocol=Protocol(schedule=Schedule("linear", final))), FakeBench(), better)
    assert story.origins == ["start"] + ["change"] * changes + ["continue"] * (8 - changes)
    assert story.jobs[-1].record.protocol.span[1] == 1
    reasons = [job.record.continued.reason for job in story.jobs if job.record.continued]
    assert all(reason.startswith("final decay: ") for reason in reasons)
    assert len(reasons) == 8 - changes


def test_only_who_finishes_something_is_asked_in_the_final_decay() -> None:
    """And is told how many steps are left."""
    spies = Spy(CHOOSERS["random-gentle"]), FinishingSpy(CHOOSERS["random-gentle"])
    for spy in spies:
        play(replace(climbing(protocol=Protocol()), chooser=spy), FakeBench(), better)
    plain, finishing = spies
    assert [(seen.steps_left, seen.decays) for seen in plain.situations] == [(n, False) for n in range(8, 3, -1)]
    assert [seen.steps_left for seen in finishing.situations] == [8, 7, 6, 5, 4, 3, 2, 1]
    assert [seen.decays for seen in finishing.situations] == [False] * 5 + [True] * 3


class FinishingSpy(Spy):
    """One that wants to be asked to the end."""

    @property
    def finishes(self) -> bool:
        """It does."""
        return True


# -- failures -------------------------------------------------------------------------------------------------


def test_a_start_that_fails_is_drawn_anew() -> None:
    story = play(climbing(steps=2), FakeBench(), partial(failing, range(4)))
    assert story.origins == ["start"] * 5 + ["change"] * 2
    assert len({job.record.graph for job in story.jobs[:5]}) > 1
    assert story.verdicts == ["rejected"] * 4 + ["accepted"] * 3
    assert [climbing().progress(state)[0] for state in story.states] == [0, 0, 0, 0, 0, 0, 1, 2]


def test_starts_that_fail_again_and_again_end_the_search_in_words() -> None:
    with pytest.raises(TrainingFailedError, match="5 starts failed one after the other"):
        play(climbing(), FakeBench(), lambda _: "diverged")


def test_a_failed_change_costs_its_step_and_is_not_tried_again() -> None:
    story = play(climbing(steps=40), FakeBench(), partial(failing, range(1, 100)))
    assert story.verdicts == ["accepted"] + ["rejected"] * 40
    assert len({site_key(job) for job in story.jobs[1:]}) == 40
    assert climbing().front(story.states[-1]) == [0]


def broken_graph(model: Model) -> Mutated:
    valp = model.valp.with_networks(model.valp.networks, [*model.valp.arcs, Arc("n1", "nowhere")])
    return replace(unchanged(model), valp=valp)


def raises(_: Model) -> Mutated:
    raise ZeroDivisionError("by design")


@pytest.mark.parametrize(
    ("does", "fault"),
    [
        (raises, "remove_layer raised ZeroDivisionError: by design"),
        (broken_graph, "remove_layer raised InvalidValpError: invalid VALP (arc-ends)"),
    ],
)
def test_a_broken_operator_becomes_a_failed_candidate(does: Any, fault: str) -> None:
    operators = {"remove_layer": fake("remove_layer", Site(place="a"), Site(place="b"), does=does)}
    story = play(climbing(steps=3), FakeBench(operators=operators), better)
    assert story.origins == ["start", "change", "change", "continue"]
    assert story.verdicts == ["accepted", "rejected", "rejected", "accepted"]
    for result in story.results[1:3]:
        assert result.reason.startswith(fault)
    assert {job.record.parents for job in story.jobs[1:]} == {(0,)}


# -- the limit of parameters ----------------------------------------------------------------------------------


@pytest.mark.parametrize("chooser", sorted(CHOOSERS))
def test_no_candidate_has_more_parameters_than_allowed(chooser: str) -> None:
    start = play(climbing(steps=0), FakeBench(), better).jobs[0].model.parameters
    space = replace(DENSE, max_parameters=start + 20)
    story = play(climbing(chooser, steps=30), FakeBench(space=space, seen=SEEN), better)
    assert all(job.model.parameters <= start + 20 for job in story.jobs)
    assert len(story.jobs) == 31


def test_a_limit_that_no_start_keeps_to_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.import_module("valpnas.networks.random_valp"), "_ATTEMPTS", 50)
    with pytest.raises(ConfigError, match=r"parameters"):
        play(climbing(), FakeBench(space=replace(DENSE, max_parameters=3)), better)


def test_a_limit_that_no_change_keeps_to_means_training_further() -> None:
    operators = {"add_layer/gentle": fake("add_layer/gentle", Site(place="a"), Site(place="b"), does=larger)}
    start = play(climbing(steps=0), FakeBench(), better).jobs[0].model.parameters
    bench = FakeBench(operators=operators, space=replace(DENSE, max_parameters=start))
    story = play(climbing(steps=3), bench, better)
    assert story.origins == ["start"] + ["continue"] * 3
    reasons = {job.record.continued.reason for job in story.jobs[1:] if job.record.continued}
    assert reasons == {"no change is left to try (2 would exceed max_parameters)"}


def larger(model: Model) -> Mutated:
    name, weight = next(iter(model.weights.items()))
    return replace(unchanged(model), weights={**model.weights, f"{name}.again": weight})


# -- what a chooser knows of the search ------------------------------------------------------------------------


@quick
@given(ANY_CHOOSER, RULES, st.sampled_from(["discard", "train-parent"]), st.integers(0, 3))
def test_history_is_what_was_told_and_the_journal_can_hold_all_of_it(
    chooser: str, accept: str, rejected: str, seed: int
) -> None:
    search = climbing(chooser, accept, rejected=rejected, steps=5)
    story = play(search, FakeBench(seen=SEEN, seed=seed), mixed)
    history = story.states[-1].history
    assert [past.candidate for past in history] == [job.record.candidate for job in story.jobs]
    assert [past.adopted for past in history] == [verdict == "accepted" for verdict in story.verdicts]
    for past, result in zip(history, story.results, strict=True):
        record = result.record
        assert JobRecord.from_json(json.loads(json.dumps(record.to_json()))) == record
        assert (past.objectives, past.parameters) == (result.objectives, result.parameters)
        assert (past.parent, past.continued) == (next(iter(record.parents), None), record.continued)
        assert (past.proposal is None) == (record.proposal is None)
        assert past.parent is None or bool(past.proposal) != bool(past.continued)


def test_a_chooser_sees_the_history_with_the_start() -> None:
    spy = Spy(CHOOSERS["random"])
    story = play(HillClimbing(spy, Majority(), steps=4, protocol=CONSTANT), FakeBench(), mixed)
    assert [len(situation.history) for situation in spy.situations] == [1, 2, 3, 4]
    assert spy.situations[-1].history == story.states[-2].history
    assert spy.situations[0].history[0].parent is None


def test_what_a_chooser_knew_of_the_place_goes_on_record() -> None:
    class Knowing(Spy):
        def choose(self, situation: Situation, rng: np.random.Generator) -> Proposal | Continue:
            return replace(super().choose(situation, rng), features={"depth": len(situation.history)})

    story = play(HillClimbing(Knowing(CHOOSERS["random"]), Majority(), steps=2, protocol=CONSTANT), FakeBench(), better)
    for steps, job in enumerate(story.jobs[1:], 1):
        assert job.record.proposal is not None
        assert job.record.proposal.features == {"depth": steps}
        assert job.record.to_json()["proposal"]["features"] == {"depth": steps}
    assert [past.proposal.features for past in story.states[-1].history if past.proposal] == [
        {"depth": 1},
        {"depth": 2},
    ]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "deep", None, np.float32(1)])
def test_features_that_the_journal_cannot_hold_are_refused_in_words(value: Any) -> None:
    class Vague(Chooser):
        name = "vague"

        def choose(self, situation: Situation, rng: np.random.Generator) -> Continue:  # noqa: ARG002
            return Continue("to see", {"depth": value})

    with pytest.raises(PluginError, match=r"Vague raised TypeError: expected features that are finite.*depth = "):
        play(HillClimbing(Vague(), Majority(), steps=1, protocol=CONSTANT), FakeBench(), better)


def test_a_record_of_an_earlier_version_is_read_and_known_again() -> None:
    story = play(climbing("train-only", steps=1), FakeBench(), better)
    record = story.jobs[1].record
    old = {key: value for key, value in record.to_json().items() if key not in {"continued", "gentle"}}
    assert JobRecord.from_json(old) == record.as_earlier() != record


# -- archive --------------------------------------------------------------------------------------------------


def test_a_rejected_candidate_may_still_be_on_the_front() -> None:
    """Worse in two of three objectives, best in one: not adopted, and yet somebody may want it."""

    def score(job: Job) -> Verdict:
        return {"y1": 1.0, "y2": 1.0, "y3": 1.0} if job.record.candidate == 0 else {"y1": 2.0, "y2": 2.0, "y3": 0.5}

    search = climbing(steps=1)
    story = play(search, FakeBench(), score)
    assert story.verdicts == ["accepted", "rejected"]
    assert search.front(story.states[-1]) == [0, 1]
    assert search.keep(story.states[-1]) == {0, 1}


def test_archive_follows_what_nothing_dominates() -> None:
    def score(job: Job) -> Verdict:
        return {"y1": float(job.record.candidate), "y2": 1.0 / (1 + job.record.candidate), "y3": 1.0}

    story = play(climbing(accept="archive", steps=4), FakeBench(), score)
    assert story.verdicts == ["accepted"] * 5


def test_verdicts_are_about_the_candidate_told_last() -> None:
    search = climbing(steps=4)
    story = play(search, FakeBench(), mixed)
    for state, job in zip(story.states[1:], story.jobs, strict=True):
        assert [candidate for candidate, _ in search.verdicts(state)] == [job.record.candidate]


# -- several starts -------------------------------------------------------------------------------------------


def several(count: int = 3, **settings: Any) -> HillClimbing:
    return climbing(starts=(RandomStart(),) * count, steps=2, **settings)


@pytest.mark.parametrize(("best", "verdicts"), [(0, "arr"), (1, "aar"), (2, "aaa")])
def test_of_several_starts_it_goes_on_from_the_best(best: int, verdicts: str) -> None:
    def score(job: Job) -> Verdict:
        number = job.record.candidate
        return dict.fromkeys(job.model.valp.tasks, 1.0 + abs(number - best) if number < 3 else 0.5 / number)

    story = play(several(), FakeBench(), score)
    assert story.origins == ["start"] * 3 + ["change"] * 2
    assert [verdict[0] for verdict in story.verdicts[:3]] == list(verdicts)
    assert [job.record.parents for job in story.jobs] == [(), (), (), (best,), (3,)]
    assert [job.record.protocol for job in story.jobs[1:3]] == [story.jobs[0].record.protocol] * 2
    assert story.states[-1].step == 2


def test_the_best_start_is_so_by_the_mean_of_the_logarithms() -> None:
    ones = promises_more({"a": 0.1, "b": 2.0}, {"a": 1.0, "b": 1.0})
    assert ones
    assert not promises_more({"a": 1.0, "b": 1.0}, {"a": 1.0, "b": 1.0})
    assert not promises_more({"a": 0.0, "b": 1.0}, {"a": 0.0, "b": 1.0})
    assert promises_more({"a": 0.0, "b": 1.0}, {"a": 0.004, "b": 1.0})
    assert not promises_more({"a": 0.0, "b": 1.0}, {"a": 0.004, "b": 0.4}), "no error counts as half of the other's"


def test_only_outputs_tell_which_start_is_the_best() -> None:
    assert not promises_more({"a": 1.0, "parameters": 10.0}, {"a": 1.0, "parameters": 1000.0})


def test_a_start_that_fails_is_none_to_go_on_from() -> None:
    story = play(several(), FakeBench(), partial(failing, range(2)))
    assert story.jobs[3].record.parents == (2,)
    story = play(several(), FakeBench(), partial(failing, range(4)))
    assert story.origins == ["start"] * 5 + ["change"] * 2
    with pytest.raises(TrainingFailedError, match="5 starts failed one after the other"):
        play(several(7), FakeBench(), partial(failing, range(7)))


def test_kinds_of_starts_are_taken_in_turn() -> None:
    story = play(climbing(starts=(HandMade(layers=1), HandMade(layers=3)), steps=0), FakeBench(), worse)
    layers = [
        max(len(spec.layers) for spec in job.model.valp.specs.values() if isinstance(spec, DenseSpec))
        for job in story.jobs
    ]
    assert layers == [1, 3]

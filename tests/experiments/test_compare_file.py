"""Arms and the compare file: what can be said, and one line for each way to say it wrongly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from valpnas import catalog
from valpnas.errors import ConfigError, UnknownNameError, ValpnasError
from valpnas.experiments.arms import Arm, arms_of_choosers
from valpnas.experiments.compare import check
from valpnas.experiments.compare_file import assemble, is_compare_file, keys_of, read_compare_file
from valpnas.experiments.comparison import TUNING_SEEDS
from valpnas.experiments.gains.settings import is_gain_file, settings_of
from valpnas.run_files import read_run_file
from valpnas.search.build import build_search

from .fabricate import comparison

RUN_FILES = sorted((Path(__file__).parents[2] / "runs").glob("*.toml"))
FILE = """
format = "valpnas-compare/1"
problem = "digits"
pairs = 4
steps = 7
seed = 100
against = "b"
checkpoints = [2, 7]
tune_rates = [0.003, 0.001, 0.003]

[space]
max_width = 64

[arms.a]
chooser = "random"
final_decay = 0.5

[arms.b]
chooser = "guided"
steps = 9
space = { max_width = 32 }
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "my.toml"
    path.write_text(FILE)
    return path


def test_a_file_gives_every_arm_its_run_files(file: Path) -> None:
    read = read_compare_file(file)
    a, b = (read.config(arm, 2, {"learning_rate": 0.5}) for arm in read.arms)
    assert (a.problem, a.seed, a.steps, a.chooser, a.final_decay, a.space.max_width) == (
        "digits",
        102,
        7,
        "random",
        0.5,
        64,
    )
    assert (b.seed, b.steps, b.chooser, b.final_decay, b.space.max_width) == (102, 9, "guided", 0.3, 32)
    assert a.learning_rate == b.learning_rate == 0.5
    assert a.quiet
    assert (read.options.pairs, read.options.against, read.options.checkpoints) == (4, "b", (2, 7))
    assert read.options.candidates == ({"learning_rate": 0.001}, {"learning_rate": 0.003})


def test_tuning_seeds_are_no_pairs_seeds(file: Path) -> None:
    read = read_compare_file(file)
    pairs = {read.config(read.arms[0], pair, {}).seed for pair in range(read.options.pairs)}
    tuning = {read.config(read.arms[0], number, {}, tuning=True).seed for number in range(5)}
    assert pairs == {100, 101, 102, 103}
    assert tuning == {100 + TUNING_SEEDS + number for number in range(5)}


def test_choosers_are_shorthand_for_arms() -> None:
    arms = assemble({"problem": "digits"}, ["random", "train-only", "hand-made"]).arms
    assert [arm.name for arm in arms] == ["random", "train-only", "hand-made-wide", "hand-made-deep"]
    assert arms[0].keys == {"chooser": "random"}
    assert arms[2].keys == {"start": "wide", "chooser": "train-only", "start_parameters": "winner"}
    assert [arm.like_winner for arm in arms] == [False, False, True, True]


def test_a_size_given_for_all_is_that_of_hand_made_arms_too() -> None:
    made = assemble({"problem": "digits", "start_parameters": 5000}, ["random", "hand-made"])
    assert not any(arm.like_winner for arm in made.arms)
    assert made.config(made.arms[2], 0, {}).start_parameters == 5000


def test_a_run_file_is_a_comparison_without_arms(tmp_path: Path) -> None:
    (tmp_path / "run.toml").write_text('format = "valpnas-run/1"\nproblem = "digits"\nsteps = 4\n')
    keys, name = keys_of(str(tmp_path / "run.toml"))
    made = assemble(keys, ["random", "guided"])
    assert (name, made.config(made.arms[0], 0, {}).steps) == ("run", 4)


def test_a_target_is_a_problem_a_file_or_a_packaged_name(file: Path) -> None:
    assert keys_of("digits") == ({"problem": "digits"}, "digits")
    assert keys_of("package.module:make") == ({"problem": "package.module:make"}, "package.module-make")
    assert keys_of(str(file))[1] == "my"
    keys, name = keys_of("digits-compare")
    assert (keys["problem"], name) == ("digits", "digits-compare")
    with pytest.raises(UnknownNameError, match=r"unknown problem or compare file .digit-compare.: did you mean"):
        keys_of("digit-compare")


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "one arm": ({"arms": {"a": {}}}, "expected at least two arms"),
    "no arms": ({}, "expected at least two arms with names of their own, got none"),
    "an arm that is no table": ({"arms": {"a": 3, "b": {}}}, "arms.a: expected a table"),
    "arms that are no table": ({"arms": ["a", "b"]}, "expected tables"),
    "a name no folder can have": ({"arms": {"a/b": {}, "b": {}}}, "expected names of letters"),
    "a key that pairs share": ({"arms": {"a": {"seed": 3}, "b": {}}}, "arms.a: expected no key 'seed'"),
    "a misspelt key of an arm": ({"arms": {"a": {"choser": "random"}, "b": {}}}, "arms.a: unknown key 'choser'"),
    "a wrong type": ({"arms": {"a": {"steps": "many"}, "b": {}}}, "arms.a: steps: expected a whole number"),
    "an impossible value": ({"arms": {"a": {"steps": -1}, "b": {}}}, "arms.a: steps: expected at least 0"),
    "a tuned key": ({"arms": {"a": {"learning_rate": 1.0}, "b": {}}, "tune_rates": [0.1]}, "tuned alike for all arms"),
    "an unknown arm": ({"arms": {"a": {}, "b": {}}, "against": "c"}, "unknown arm 'c'"),
    "an unknown arm to draw": ({"arms": {"a": {}, "b": {}}, "figure_arms": ["c"]}, "unknown arm 'c'"),
    "no pairs": ({"arms": {"a": {}, "b": {}}, "pairs": 0}, "pairs: expected 1 to"),
    "pairs with tuning's seeds": ({"arms": {"a": {}, "b": {}}, "pairs": 2_000_000}, "pairs: expected 1 to"),
    "a rate of nothing": ({"arms": {"a": {}, "b": {}}, "tune_rates": [0]}, "tune_rates: expected positive"),
    "a decay beyond the run": ({"arms": {"a": {}, "b": {}}, "tune_decays": [1.5]}, "tune_decays: expected parts"),
    "words for numbers": ({"arms": {"a": {}, "b": {}}, "tune_rates": ["x"]}, "tune_rates: expected a list of numbers"),
    "half a step": (
        {"arms": {"a": {}, "b": {}}, "checkpoints": [0.5]},
        "checkpoints: expected a list of whole numbers",
    ),
    "step nought": ({"arms": {"a": {}, "b": {}}, "checkpoints": [0]}, "checkpoints: expected steps from 1"),
    "followers only": (
        {"arms": {"a": {"start_parameters": "winner"}, "b": {"start_parameters": "winner"}}},
        "expected an arm of its own size",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_makes_no_comparison_is_refused(name: str) -> None:
    keys, message = BAD[name]
    with pytest.raises(ValpnasError) as caught:
        assemble({"problem": "digits", **keys})
    assert message in str(caught.value)


def test_a_shared_key_is_for_those_arms_whose_search_takes_it() -> None:
    arms = {"one": {"steps": 9}, "many": {"search": "nsga2", "generations": 4}}
    check(assemble({"problem": "digits", "steps": 5, "generations": 5, "arms": arms}))
    with pytest.raises(ConfigError, match="generations: expected an arm whose search takes what all share, got none"):
        check(assemble({"problem": "digits", "generations": 5, "arms": {"one": {}, "other": {"steps": 9}}}))
    with pytest.raises(ConfigError, match=r"steps: expected a search that takes it \(hill-climbing\), got .*nsga2"):
        check(assemble({"problem": "digits", "arms": {"one": {}, "many": {"search": "nsga2", "steps": 9}}}))


def test_arms_from_two_places_are_refused() -> None:
    with pytest.raises(ConfigError, match="got both"):
        assemble({"problem": "digits", "arms": {"a": {}, "b": {}}}, ["random"])
    with pytest.raises(UnknownNameError, match=r"unknown chooser .hand-mode.: did you mean hand-made"):
        arms_of_choosers(["hand-mode"], size_given=False)


def test_an_unknown_key_and_another_format_are_refused(file: Path) -> None:
    file.write_text(FILE.replace("pairs = 4", "pears = 4"))
    with pytest.raises(UnknownNameError, match=r"unknown key in .*my\.toml 'pears': did you mean pairs"):
        read_compare_file(file)
    file.write_text(FILE.replace("compare/1", "compare/2"))
    with pytest.raises(ConfigError, match=r"my\.toml: expected format 'valpnas-compare/1', got 'valpnas-compare/2'"):
        read_compare_file(file)


def test_run_tells_what_a_compare_file_is_for(file: Path) -> None:
    with pytest.raises(ConfigError, match="this file is for `valpnas compare`"):
        read_run_file(file)


@pytest.mark.parametrize("path", RUN_FILES, ids=lambda path: path.stem)
def test_every_committed_file_can_be_read_and_its_names_are_known(path: Path) -> None:
    if is_compare_file(path):
        read = read_compare_file(path)
        configs = [read.config(arm, 0, {}) for arm in read.arms]
    elif is_gain_file(path):
        configs = [settings_of(str(path), {})[0].run]
    else:
        configs = [read_run_file(path)]
    for config in configs:
        build_search(config)
        catalog.operators(config.space, config.operators)


def test_the_papers_experiment_has_its_budget() -> None:
    read = read_compare_file(RUN_FILES[0].with_name("paper-compare.toml"))
    by_name = {arm.name: read.config(arm, 0, {}) for arm in read.arms}
    for config in (by_name["random"], by_name["guided"]):
        assert (config.steps, config.initial_batches, config.batches_per_step) == (60, 5000, 1000)
        assert (config.accept, config.rejected, config.schedule, config.start) == (
            "majority",
            "discard",
            "constant",
            "random",
        )
    assert read.options.pairs == 30
    assert {"train-only", "hand-made-wide", "hand-made-deep"} <= set(by_name)


def test_arms_are_equal_when_they_say_the_same() -> None:
    assert comparison("x", "y").arms[0] == Arm("x", {"chooser": "train-only"})

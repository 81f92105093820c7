"""The run file: types, unknown keys, impossible values, and that it says everything the command line can."""

from __future__ import annotations

import inspect
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from valpnas.commands import running
from valpnas.config import RunConfig, start_names
from valpnas.config_tables import config_from
from valpnas.contracts.cell_search import CellSearch
from valpnas.contracts.space import Space
from valpnas.errors import ConfigError, UnknownNameError
from valpnas.run_files import read_run_file

# What a command's arguments say that is not about the run itself.
NOT_OF_THE_RUN = {"target", "as_json"}


def test_every_flag_of_run_is_a_key_of_the_run_file() -> None:
    """Whatever can be asked for on the command line can be written down."""
    flags = set(inspect.signature(running.run).parameters) - NOT_OF_THE_RUN
    cells = {f"cell_{f.name}" for f in fields(CellSearch)}  # so called where the name alone means something else
    assert flags <= {f.name for of in (RunConfig, Space, CellSearch) for f in fields(of)} | cells
    assert {"search", "chooser", "accept", "steps", "batches_per_step", "seed", "out", "device", "quiet"} <= flags


def test_a_table_that_is_overridden_keeps_its_other_keys(tmp_path: Path) -> None:
    """An option of [space] leaves the rest of it as it is written."""
    (tmp_path / "run.toml").write_text('problem = "digits"\n[space]\nmax_width = 64\nnetworks = ["dense"]\n')
    space = read_run_file(tmp_path / "run.toml", {"space": {"networks": ["dense", "cell"]}}).space
    assert (space.max_width, space.networks) == (64, ("dense", "cell"))


def test_a_run_file_round_trips(tmp_path: Path) -> None:
    """What a run writes down is what it was asked."""
    config = RunConfig("digits", steps=7, learning_rate=1e-2, operators=("a:B",), space=Space(min_width=4, max_width=8))
    (tmp_path / "run.toml").write_text(config.to_toml({"valpnas": "0"}))
    assert read_run_file(tmp_path / "run.toml") == config


def test_loss_weights_are_a_table_in_the_file_or_in_a_line(tmp_path: Path) -> None:
    """Both are the same TOML."""
    for text in ("[loss_weights]\ndigit = 2\n", "loss_weights = {digit = 2.0}\n"):
        (tmp_path / "run.toml").write_text(f'problem = "digits"\nbalancing = "fixed"\n{text}')
        config = read_run_file(tmp_path / "run.toml")
        assert config == RunConfig("digits", balancing="fixed", loss_weights={"digit": 2.0})
        (tmp_path / "again.toml").write_text(config.to_toml({}))
        assert read_run_file(tmp_path / "again.toml") == config


def test_overrides_go_before_the_file(tmp_path: Path) -> None:
    """A flag wins over a key."""
    (tmp_path / "run.toml").write_text('problem = "digits"\nsteps = 3\nseed = 5\n[space]\nmax_width = 64\n')
    config = read_run_file(tmp_path / "run.toml", {"steps": 9, "space": {"max_parameters": 100}})
    assert (config.steps, config.seed) == (9, 5)
    assert (config.space.max_width, config.space.max_parameters) == (64, 100)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({}, "expected the key 'problem'"),
        ({"problem": 3}, "problem: expected a string, got 3"),
        ({"problem": "digits", "steps": "ten"}, "steps: expected a whole number, got 'ten'"),
        ({"problem": "digits", "steps": True}, "steps: expected a whole number, got True"),
        ({"problem": "digits", "steps": -1}, "steps: expected at least 0, got -1"),
        ({"problem": "digits", "initial_batches": 0}, "initial_batches: expected at least 1, got 0"),
        ({"problem": "digits", "population": 1}, "population: expected at least 2, got 1"),
        ({"problem": "digits", "generations": -1}, "generations: expected at least 0"),
        ({"problem": "digits", "max_latency": -1.0}, "max_latency: expected milliseconds >= 0"),
        (
            {"problem": "digits", "objectives": ["flops", "flops"]},
            "objectives: expected each name once, got 'flops'",
        ),
        ({"problem": "digits", "without": ["a", "b", "a"]}, "without: expected each name once, got 'a' twice; leave"),
        ({"problem": "digits", "objectives": "flops"}, "objectives: expected a list of strings"),
        ({"problem": "digits", "batch_size": 0}, "batch_size: expected at least 1"),
        ({"problem": "digits", "jobs_per_gpu": 0}, "jobs_per_gpu: expected at least 1"),
        ({"problem": "digits", "seed": -3}, "seed: expected at least 0"),
        ({"problem": "digits", "learning_rate": -0.1}, "learning_rate: expected a positive number"),
        ({"problem": "digits", "learning_rate": float("nan")}, "learning_rate: expected a positive number"),
        ({"problem": "digits", "time_limit": -1.0}, "time_limit: expected seconds >= 0"),
        ({"problem": "digits", "quiet": 1}, "quiet: expected true or false"),
        ({"problem": "digits", "operators": "a:B"}, "operators: expected a list of strings"),
        ({"problem": "digits", "balancing": 3}, "balancing: expected a string"),
        ({"problem": "digits", "loss_weights": 2.0}, "loss_weights: expected a table of numbers, got 2.0"),
        ({"problem": "digits", "loss_weights": [2.0]}, "loss_weights: expected a table of numbers"),
        ({"problem": "digits", "loss_weights": {"digit": "2"}}, "loss_weights: expected a table of numbers"),
        ({"problem": "digits", "loss_weights": {"digit": 0}}, "loss_weights.digit: expected a positive number, got 0"),
        ({"problem": "digits", "loss_weights": {"digit": -1.0}}, "loss_weights.digit: expected a positive number"),
        ({"problem": "digits", "loss_weights": {"digit": float("inf")}}, "expected a positive number, got inf"),
        ({"problem": "digits", "loss_weights": {"digit": float("nan")}}, "expected a positive number, got nan"),
        ({"problem": "digits", "cell_search": 3}, "expected a table for each key of [cell_search], got 3"),
        ({"problem": "digits", "cell_search": {"blocks": 11}}, "cell_search.blocks: expected a number from 1 to 10"),
        ({"problem": "digits", "cell_search": {"epochs": 0}}, "cell_search.epochs: expected a number from 1 to"),
        (
            {"problem": "digits", "cell_search": {"operations": ["gru", "gru"]}},
            "cell_search.operations: expected each name once, got gru, gru",
        ),
        ({"problem": "digits", "cell_search": {"most_seconds": -1}}, "cell_search.most_seconds: expected seconds >= 0"),
        (
            {"problem": "digits", "cell_search": {"most_seconds": 3, "costs": ["flops"]}},
            "cell_search.most_seconds: expected the cost 'seconds', without which none are predicted, got costs flops",
        ),
        ({"problem": "digits", "space": 3}, "expected a table for each key of [space]"),
        ({"problem": "digits", "space": {"min_width": 9, "max_width": 3}}, "expected 1 <= min_width <= max_width"),
        ({"problem": "digits", "space": {"activations": ["softmax"]}}, "expected activations among"),
        ({"problem": "digits", "space": {"max_networks": 0}}, "expected kinds, activations and non-negative limits"),
    ],
)
def test_impossible_values_are_refused(data: dict[str, Any], message: str) -> None:
    """Each complaint says what was expected and what came."""
    with pytest.raises(ConfigError) as error:
        config_from(data)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_what_was_given_is_no_key() -> None:
    """It is known by itself."""
    assert config_from({"problem": "digits", "steps": 3}).given == {"problem", "steps"}
    given = {"problem", "cell_search", "cell_search.blocks"}
    assert config_from({"problem": "digits", "cell_search": {"blocks": 2}}).given == given
    with pytest.raises(UnknownNameError, match=r"unknown key .given."):
        config_from({"problem": "digits", "given": ["steps"]})


@pytest.mark.parametrize(
    ("data", "near"),
    [
        ({"problem": "digits", "step": 3}, "steps"),
        ({"problem": "digits", "space": {"max_with": 3}}, "max_width"),
        ({"problem": "digits", "cell_search": {"block": 3}}, "blocks"),
    ],
)
def test_unknown_keys_offer_the_nearest(data: dict[str, Any], near: str) -> None:
    """A typing error costs one look."""
    with pytest.raises(UnknownNameError, match=f"did you mean.*{near}"):
        config_from(data)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("problem = ", "expected TOML"),
        ('format = "valpnas-run/99"\nproblem = "digits"', "expected format 'valpnas-run/1'"),
        ('problem = "digits"\nsteps = -1', "steps: expected at least 0"),
    ],
)
def test_unreadable_run_files_are_refused(tmp_path: Path, text: str, message: str) -> None:
    """The complaint names the file."""
    file = tmp_path / "bad.toml"
    file.write_text(text)
    with pytest.raises(ConfigError) as error:
        read_run_file(file)
    assert message in str(error.value)
    assert str(file) in str(error.value)


def test_a_missing_run_file_is_refused(tmp_path: Path) -> None:
    """No file, no run."""
    with pytest.raises(ConfigError, match="expected a run file, got No such file"):
        read_run_file(tmp_path / "none.toml")


def test_a_population_is_guided_and_keeps_the_last_state_where_nobody_says_otherwise() -> None:
    single = config_from({"problem": "digits"})
    assert (single.chooser, single.select) == ("by-gap", "best-checkpoint")
    population = config_from({"problem": "digits", "search": "nsga2"})
    assert (population.chooser, population.select) == ("guided", "last")
    assert "chooser" not in population.given
    assert config_from({"problem": "digits", "search": "nsga2", "chooser": "random"}).chooser == "random"


def test_what_a_run_wrote_is_not_asked_for_again_though_defaults_have_changed(tmp_path: Path) -> None:
    """Versions before had other defaults, which a population ignores as it ignores those of today."""
    path = tmp_path / "run.toml"
    data = {"problem": "digits", "search": "nsga2", "chooser": "guided", "accept": "archive"}
    path.write_text(RunConfig(**data).to_toml({"version": "0"}))
    assert read_run_file(path).given == frozenset()
    assert read_run_file(path, {"steps": 3}).given == {"steps"}
    assert {"search", "accept"} <= read_run_file(path, {"search": "hill-climbing"}).given


@pytest.mark.parametrize(
    ("keys", "start", "size"),
    [
        ({}, "deep,random-sized,random-sized", 60_000),
        ({"space": {"max_parameters": 150_000}}, "deep,random-sized,random-sized", 60_000),
        ({"space": {"max_parameters": 20_000}}, "deep,random-sized,random-sized", 15_000),
        ({"space": {"max_parameters": 1000}}, "deep,random-sized,random-sized", 60_000),
        ({"space": {"networks": ["dense", "cell"]}}, "random-sized,random-sized,random-sized", 60_000),
        ({"space": {"networks": ["cell"]}, "start": "wide", "start_parameters": 7}, "wide", 7),
        ({"search": "nsga2"}, "random", 60_000),
    ],
)
def test_starts_fit_what_is_asked_for(keys: dict[str, Any], start: str, size: int) -> None:
    made = config_from({"problem": "digits", **keys})
    assert (made.start, made.start_parameters) == (start, size)


def test_names_of_starts_have_commas_between_and_a_file_stands_alone() -> None:
    assert start_names("deep, random-sized,deep") == ("deep", "random-sized", "deep")
    assert start_names("a.json") == ("a.json",)
    for several in ("deep,a.json", "a.json,deep", "a,b.json"):
        with pytest.raises(ConfigError, match=r"expected names with commas between, or one file, got"):
            start_names(several)

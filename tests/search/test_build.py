"""Building from a run file: its balancing, and the operators that go with it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from valpnas import catalog
from valpnas.config import RunConfig
from valpnas.config_tables import config_from
from valpnas.errors import ConfigError, UnknownNameError, ValpnasError
from valpnas.run_checks import check, check_start
from valpnas.run_files import read_run_file
from valpnas.search.build import build_balancer, build_chooser, build_engine, build_operators, build_search, limits
from valpnas.search.choosers.random import Random
from valpnas.search.hill_climbing import HillClimbing
from valpnas.search.popnas.predicted_blocks import PredictedBlocks
from valpnas.search.population import Nsga3
from valpnas.training.balancing.fixed import Fixed, Sum
from valpnas.training.balancing.gradnorm import GradNorm
from valpnas.training.balancing.uncertainty import Uncertainty
from valpnas.training.compiled.engine import CompiledEngine
from valpnas.training.engine import PlainEngine


@pytest.mark.parametrize(
    ("keys", "made"),
    [
        ({}, Sum()),
        ({"balancing": "fixed", "loss_weights": {"digit": 2}}, Fixed({"digit": 2.0})),
        ({"balancing": "uncertainty"}, Uncertainty(rate=0.01)),
        ({"balancing": "gradnorm"}, GradNorm(alpha=1.5)),
        ({"balancing": "valpnas.training.balancing.gradnorm:GradNorm"}, GradNorm()),
    ],
)
def test_a_balancing_is_made_of_its_keys(keys: dict[str, Any], made: object) -> None:
    config = config_from({"problem": "digits", **keys})
    _check(config)
    assert build_balancer(config) == made


def test_predicted_blocks_are_those_of_any_chooser() -> None:
    keys: dict[str, Any] = {"problem": "digits", "space": {"networks": ["dense", "cell"]}}
    chooser = build_chooser(config_from({**keys, "chooser": "random", "cell_blocks": "predicted"}))
    assert isinstance(chooser, PredictedBlocks)
    assert isinstance(chooser.inner, Random)
    assert isinstance(build_chooser(config_from({**keys, "chooser": "random"})), Random)


def test_blocks_are_predicted_only_where_there_are_cells_and_ways() -> None:
    with pytest.raises(ConfigError, match=r"cell_blocks: expected 'cell' among the networks of \[space\], got"):
        build_chooser(config_from({"problem": "digits", "cell_blocks": "predicted"}))
    with pytest.raises(UnknownNameError, match="unknown way to choose blocks 'predict': did you mean predicted"):
        build_chooser(config_from({"problem": "digits", "cell_blocks": "predict"}))


BAD: dict[str, tuple[dict[str, Any], type[ValpnasError], str]] = {
    "an unknown name": ({"balancing": "gradnrom"}, UnknownNameError, "unknown balancing 'gradnrom': did you mean grad"),
    "a misspelt name with weights": (
        {"balancing": "fixd", "loss_weights": {"digit": 2.0}},
        UnknownNameError,
        "did you mean fixed",
    ),
    "weights for another scheme": (
        {"balancing": "gradnorm", "loss_weights": {"digit": 2.0}},
        ConfigError,
        "loss_weights: expected none with balancing = 'gradnorm', got digit; say balancing = 'fixed'",
    ),
    "weights without a scheme": ({"loss_weights": {"digit": 2.0}}, ConfigError, "balancing = 'sum', got digit"),
    "an unknown output": (
        {"balancing": "fixed", "loss_weights": {"histgram": 2.0}},
        UnknownNameError,
        "unknown output in [loss_weights] 'histgram': did you mean histogram?",
    ),
}


def test_an_engine_is_made_of_its_keys() -> None:
    plain = build_engine(config_from({"problem": "digits", "engine": "plain"}), print)
    assert type(plain) is PlainEngine
    made = build_engine(config_from({"problem": "digits", "precision": "bfloat16"}), print)
    assert isinstance(made, CompiledEngine)
    assert made.precision == "bfloat16"


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"engine": "plane"}, "unknown engine 'plane': did you mean plain"),
        ({"precision": "bfloat"}, "unknown precision 'bfloat': did you mean bfloat16"),
        ({"precision": "bfloat16", "engine": "plain"}, "precision: expected float32 with engine = 'plain'"),
    ],
)
def test_an_engine_that_cannot_be_made_is_found_before_anything_is(keys: dict[str, Any], message: str) -> None:
    with pytest.raises(ValpnasError) as caught:
        check(config_from({"problem": "digits", **keys}))
    assert message in str(caught.value)


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_balanced_is_found_before_anything_is_made(name: str) -> None:
    keys, kind, message = BAD[name]
    config = config_from({"problem": "digits", **keys})
    with pytest.raises(kind) as caught:
        _check(config)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def _check(config: RunConfig) -> None:
    check(config)
    check_start(config, catalog.problem("digits"))


def test_gradnorm_goes_without_what_would_split_its_group() -> None:
    known = catalog.operators(config_from({"problem": "digits"}).space)
    for balancing, left_out in {
        "gradnorm": ["change_lr", "change_sgd", "rest_output", "take_back"],
        "uncertainty": [],
        "sum": [],
    }.items():
        operators, absent = build_operators(config_from({"problem": "digits", "balancing": balancing}))
        assert absent == left_out
        assert list(operators) == [name for name in known if name not in left_out]


def test_a_search_gets_the_keys_its_constructor_names() -> None:
    config = config_from({"problem": "digits", "search": "nsga3", "population": 5, "generations": 7, "seed": 3})
    search = build_search(config)
    assert isinstance(search, Nsga3)
    assert (search.population, search.generations, search.seed, search.budget) == (5, 7, 3, "generations")
    assert isinstance(build_search(config_from({"problem": "digits", "steps": 4})), HillClimbing)


IGNORED: dict[str, tuple[dict[str, Any], str]] = {
    "generations": ({"generations": 3}, "generations: expected a search that takes it (nsga2, nsga3), got search"),
    "its default": (
        {"population": RunConfig.population},
        "population: expected a search that takes it (nsga2, nsga3, cell",
    ),
    "a time": ({"max_seconds": 3.0}, "max_seconds: expected a search that takes it (nsga2, nsga3)"),
    "stagnation": ({"stagnation": 3}, "stagnation: expected a search that takes it (nsga2, nsga3)"),
    "steps": ({"search": "nsga2", "steps": 3}, "got search = 'nsga2', which would ignore it; name another search or"),
    "cells": ({"cell_search": {"blocks": 2}}, "cell_search: expected a search that takes it (popnas, popnas-v2, popn"),
    "exploration": (
        {"search": "pnas", "cell_search": {"exploration": 3}},
        "cell_search.exploration: expected a search that takes it (popnas, popnas-v2), got search = 'pnas', which",
    ),
    "networks": (
        {"search": "popnas", "cell_search": {"networks": 3}},
        "cell_search.networks: expected a search that takes it (cell-evolution, cell-random), got search = 'popnas'",
    ),
    "a chooser": (
        {"search": "cell-random", "chooser": "guided"},
        "chooser: expected a search that takes it (hill-clim",
    ),
    "acceptance": ({"search": "nsga3", "accept": "always"}, "accept: expected a search that takes it (hill-climbing)"),
    "rejected": (
        {"search": "nsga2", "rejected": "discard"},
        "rejected: expected a search that takes it (hill-climbing",
    ),
}


@pytest.mark.parametrize("name", IGNORED)
def test_what_the_search_would_ignore_is_refused(name: str) -> None:
    keys, message = IGNORED[name]
    with pytest.raises(ConfigError) as caught:
        check(config_from({"problem": "digits", **keys}))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_nobody_gave_is_not_refused(tmp_path: Path) -> None:
    config = config_from({"problem": "digits", "search": "nsga2", "generations": 3, "seed": 2})
    check(config)
    file = tmp_path / "run.toml"
    file.write_text(config.to_toml({}), encoding="utf-8")  # complete, as a run writes it
    check(read_run_file(file))
    with pytest.raises(ConfigError, match="steps: expected a search that takes it"):
        check(read_run_file(file, {"steps": 30}))


def test_further_objectives_are_known_and_no_output_is_called_so() -> None:
    with pytest.raises(UnknownNameError, match="unknown objective 'paramters': did you mean parameters"):
        check(config_from({"problem": "digits", "objectives": ["paramters"]}))
    config = config_from({"problem": "digits", "objectives": ["flops"]})
    check(config)
    problem = catalog.problem("digits")
    renamed = [replace(output, name="flops" if i == 0 else output.name) for i, output in enumerate(problem.outputs)]
    with pytest.raises(ConfigError, match="objectives: expected names that no output has, got 'flops'"):
        check_start(config, replace(problem, outputs=tuple(renamed)))


@pytest.mark.parametrize("objectives", [[], ["parameters"], ["latency"], ["parameters", "latency"]], ids=str)
def test_limits_are_references_of_further_objectives_and_of_nothing_else(objectives: list[str]) -> None:
    bounded = {"max_latency": 2, "space": {"max_parameters": 1000}}
    found = limits(config_from({"problem": "digits", "objectives": objectives, **bounded}))
    assert found == {name: {"parameters": 1000.0, "latency": 2.0}[name] for name in objectives}
    assert limits(config_from({"problem": "digits", "objectives": objectives})) == {}


def test_operators_can_be_left_out_by_name() -> None:
    everything, _ = build_operators(config_from({"problem": "digits"}))
    fewer, absent = build_operators(config_from({"problem": "digits", "without": ["donate_exclusive_subgraph"]}))
    assert set(everything) - set(fewer) == {"donate_exclusive_subgraph"}
    assert absent == []
    with pytest.raises(UnknownNameError, match="donate"):
        check(config_from({"problem": "digits", "without": ["donate"]}))

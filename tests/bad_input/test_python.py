"""The Python entrance: arguments of the wrong kind are errors of ours, in one line, before anything is made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import valpnas
from valpnas.training.designed import DesignedModel

_X = np.random.default_rng(0).standard_normal((40, 3))
_SEED = torch.Generator()

CALLS: dict[str, tuple[Callable[[], Any], str]] = {
    "design of nothing": (
        lambda: valpnas.design(None),
        "expected a problem's name or a Problem, got NoneType; Problem",
    ),  # type: ignore[arg-type]
    "design of an array": (lambda: valpnas.design(_X), "expected a problem's name or a Problem, got ndarray"),  # type: ignore[arg-type]
    "an unknown name": (lambda: valpnas.design("digit"), "unknown problem 'digit': did you mean digits"),
    "an unknown key": (lambda: valpnas.design("digits", step=3), "unknown key 'step': did you mean steps"),
    "a wrong type": (lambda: valpnas.design("digits", steps="3"), "steps: expected a whole number, got '3'"),
    "load of nothing": (lambda: valpnas.load(None), "expected the path of a run, got None; `valpnas list`"),  # type: ignore[arg-type]
    "load of no run": (lambda: valpnas.load("nowhere"), "nowhere: expected a run directory with a run.toml, got none"),
    "inputs that are an array": (lambda: valpnas.Problem.from_arrays(_X, {"y": _X}), "inputs: expected name: array"),  # type: ignore[arg-type]
    "tasks in words": (
        lambda: valpnas.Problem.from_arrays({"x": _X}, {"y": _X}, {"y": "regression"}),  # type: ignore[dict-item]
        "tasks: expected one of Classification, Regression, Distribution, Generation for 'y', got 'regression'",
    ),
    "unequal rows": (
        lambda: valpnas.Problem.from_arrays({"x": [[1, 2], [3]]}, {"y": [1.0, 2.0]}),
        "input 'x': expected rows of equal length",
    ),
}


@pytest.mark.parametrize(("call", "message"), CALLS.values(), ids=CALLS)
def test_wrong_arguments_are_refused(
    call: Callable[[], Any], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(valpnas.ValpnasError) as error:
        call()
    assert message in str(error.value)
    assert "\n" not in str(error.value)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> DesignedModel:
    """A model that draws digits."""
    out = str(tmp_path_factory.mktemp("digits") / "run")
    return valpnas.design("digits", steps=0, initial_batches=1, out=out).front[0].model


PIXELS = torch.zeros(2, 1, 8, 8)
USES: dict[str, tuple[Callable[[Any], Any], str]] = {
    "a numpy array": (
        lambda model: model({"pixels": PIXELS.numpy()}),
        "expected a tensor (n, 1, 8, 8), got ndarray; make one of it with torch.as_tensor",
    ),
    "no names": (
        lambda model: model(PIXELS),
        "expected a tensor (n, 1, 8, 8) by name, got Tensor; give {'pixels': tensor}",
    ),
    "another name": (
        lambda model: model({"pixel": PIXELS}),
        "input 'pixels': expected a tensor (n, 1, 8, 8), got nothing",
    ),
    "another shape": (
        lambda model: model({"pixels": PIXELS[0]}),
        "expected a tensor (n, 1, 8, 8), got (1, 8, 8); reshape",
    ),
    "samples below none": (
        lambda model: model.sample("sample", -1, _SEED),
        "count: expected a whole number of samples",
    ),
    "samples by halves": (lambda model: model.sample("sample", 1.5, _SEED), "from 0 on, got 1.5; give another"),
    "a seed for a generator": (lambda model: model.sample("sample", 1, 0), "expected a torch.Generator, got int; give"),
    "samples of a class": (
        lambda model: model.sample("digit", 1, _SEED),
        "unknown generation output 'digit': known: sample",
    ),
}


@pytest.mark.parametrize(("use", "message"), USES.values(), ids=USES)
def test_a_model_says_what_it_takes(model: DesignedModel, use: Callable[[Any], Any], message: str) -> None:
    with pytest.raises(valpnas.ValpnasError) as error:
        use(model)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_no_samples_are_no_error(model: DesignedModel) -> None:
    assert model.sample("sample", 0, _SEED).shape == (0, 1, 8, 8)


def test_a_run_without_generation_has_nothing_to_sample(tmp_path: Path) -> None:
    problem = valpnas.Problem.from_arrays({"x": _X}, {"y": _X[:, 0]})
    run = valpnas.design(problem, steps=0, initial_batches=1, out=str(tmp_path / "run"))
    with pytest.raises(valpnas.ValpnasError, match=r"unknown generation output 'y': known: none"):
        run.front[0].model.sample("y", 1, _SEED)


def test_the_model_of_a_candidate_that_was_not_kept_is_refused(tmp_path: Path) -> None:
    problem = valpnas.Problem.from_arrays({"x": _X}, {"y": _X[:, 0]})
    run = valpnas.design(problem, steps=0, initial_batches=1, out=str(tmp_path / "run"))
    with pytest.raises(valpnas.ValpnasError, match=r"00009.json: expected a file, found none"):
        run.model(9)

"""The Python entrance: design a model by name or from arrays, and use what comes back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import valpnas
from valpnas.errors import ConfigError, StoreError, UnknownNameError
from valpnas.resuming import resume


def arrays() -> valpnas.Problem:
    """A linear map and a half-space: two tasks a few batches can learn."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 4))
    targets = {"sum": 100 + 10 * x.sum(axis=1, keepdims=True), "side": (x[:, 0] > 0).astype(int)}
    return valpnas.Problem.from_arrays({"x": x}, targets)


def test_design_by_name_gives_torch_modules(tmp_path: Path) -> None:
    """Every model on the front predicts every output from raw inputs and draws samples."""
    run = valpnas.design("digits", steps=1, initial_batches=20, batches_per_step=10, out=str(tmp_path / "run"))
    assert run.front
    for member in run.front:
        assert isinstance(member.model, torch.nn.Module)
        predicted = member.model({"pixels": torch.zeros(3, 1, 8, 8)})
        assert predicted["digit"].shape == (3, 10)
        assert torch.allclose(predicted["histogram"].sum(dim=1), torch.ones(3))
        drawn = member.model.sample("sample", 5, torch.Generator().manual_seed(0))
        assert drawn.shape == (5, 1, 8, 8)
        assert set(member.test) == set(member.validation) == {"digit", "histogram", "sample"}


def test_design_from_arrays_learns_and_speaks_in_the_targets_units(tmp_path: Path) -> None:
    """Regression outputs come back in the units of the targets."""
    run = valpnas.design(arrays(), steps=2, initial_batches=300, batches_per_step=50, out=str(tmp_path / "run"))
    best = min(run.front, key=lambda member: member.validation["sum"])
    assert best.validation["sum"] < 0.1  # the constant predictor has 1
    predicted = best.model({"x": torch.zeros(1, 4)})["sum"]
    assert 80 < predicted.item() < 120


def test_a_problem_from_arrays_is_resumed_without_its_maker(tmp_path: Path) -> None:
    """The run keeps the arrays."""
    valpnas.design(arrays(), steps=1, initial_batches=20, batches_per_step=10, out=str(tmp_path / "run"))
    longer = resume(tmp_path / "run", lambda _: None, steps=3)
    assert longer.summary()["steps"] == 3
    assert valpnas.load(tmp_path / "run").problem.name == "arrays"


def test_design_refuses_what_it_does_not_know(tmp_path: Path) -> None:
    """Bad settings fail before anything is made."""
    with pytest.raises(UnknownNameError, match="did you mean digits"):
        valpnas.design("digit")
    with pytest.raises(UnknownNameError, match="unknown key 'step'"):
        valpnas.design("digits", step=3)
    with pytest.raises(ConfigError, match="steps: expected at least 0"):
        valpnas.design("digits", steps=-1)
    with pytest.raises(StoreError, match="expected a run directory"):
        valpnas.load(tmp_path)


def test_the_public_names_are_these() -> None:
    """What the package offers, and what it does not."""
    assert set(valpnas.__all__) == {"design", "load", "Problem", "ValpnasError", "__version__"}
    with pytest.raises(AttributeError, match="it offers"):
        _ = valpnas.nothing

"""Losses and scores against plain numpy formulas, and the scale on which all losses are one."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

from tests.graph.strategies import quick
from valpnas.errors import DataError
from valpnas.graph.tasks import Classification, Distribution, Generation, Regression
from valpnas.graph.valp import Output
from valpnas.networks.module import Forward, load_module
from valpnas.training.data import TensorPart
from valpnas.training.objectives import (
    constant_losses,
    latent_divergence,
    reconstruction_error,
    sampled_values,
    score_prediction,
)

from .toy_data import losses_of, toy_model, toy_prepared

Floats = NDArray[np.float64]
SEEDS = st.integers(0, 2**31 - 1)


def softmax(logits: Floats) -> Floats:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    normal: Floats = powers / powers.sum(axis=1, keepdims=True)
    return normal


def shares(rng: np.random.Generator, rows: int, bins: int) -> Floats:
    drawn = rng.random((rows, bins)) * (rng.random((rows, bins)) > 0.2) + 1e-3 * np.eye(bins)[rng.integers(bins)]
    normal: Floats = drawn / drawn.sum(axis=1, keepdims=True)
    return normal


def kl(target: Floats, prediction: Floats) -> float:
    terms = np.where(target > 0, target * (np.log(np.maximum(target, 1e-300)) - np.log(prediction)), 0)
    return float(terms.sum(axis=1).mean())


def tensor(value: Floats) -> Tensor:
    return torch.as_tensor(value, dtype=torch.float32)


@quick
@given(SEEDS)
def test_classification_is_scored_by_its_error_rate(seed: int) -> None:
    rng = np.random.default_rng(seed)
    logits, target = rng.standard_normal((30, 4)) * 3, rng.integers(0, 4, 30)
    score = score_prediction(Classification(4), tensor(logits), torch.as_tensor(target), torch.empty(0))
    assert score.objective == pytest.approx(float((logits.argmax(axis=1) != target).mean()), abs=1e-6)
    expected = -np.log(softmax(logits)[np.arange(30), target]).mean()
    assert score.reported["cross_entropy"] == pytest.approx(expected, rel=1e-5)


@quick
@given(SEEDS)
def test_regression_is_scored_by_its_squared_error(seed: int) -> None:
    rng = np.random.default_rng(seed)
    prediction, target = rng.standard_normal((2, 30, 3))
    score = score_prediction(Regression(3), tensor(prediction), tensor(target), torch.zeros(3))
    assert score.objective == pytest.approx(np.square(prediction - target).mean(), rel=1e-5)
    explained = 1 - np.square(prediction - target).sum(axis=0) / np.square(target - target.mean(axis=0)).sum(axis=0)
    assert score.reported["r2"] == pytest.approx(explained.mean(), rel=1e-4, abs=1e-5)


@quick
@given(SEEDS)
def test_a_distribution_is_scored_by_the_variance_it_leaves_unexplained(seed: int) -> None:
    rng = np.random.default_rng(seed)
    logits, target, mean = rng.standard_normal((30, 5)), shares(rng, 30, 5), shares(rng, 1, 5)[0]
    score = score_prediction(Distribution(5), tensor(logits), tensor(target), tensor(mean))
    left = np.square(softmax(logits) - target).sum() / np.square(target - mean).sum()
    assert score.objective == pytest.approx(left, rel=1e-4)
    assert score.reported["kl"] == pytest.approx(kl(target, softmax(logits)), rel=1e-4, abs=1e-6)


def test_the_training_mean_explains_none_of_its_own_variance() -> None:
    target = tensor(shares(np.random.default_rng(0), 40, 5))
    mean = target.mean(dim=0)
    score = score_prediction(Distribution(5), mean.log().expand_as(target), target, mean)
    assert score.objective == pytest.approx(1, rel=1e-5)


def test_a_generation_has_no_score_of_its_predictions() -> None:
    with pytest.raises(TypeError, match="samples"):
        score_prediction(Generation((2,)), torch.zeros(3, 2), torch.zeros(3, 2), torch.zeros(2))


def test_reconstructions_and_samples_live_in_the_unit_interval() -> None:
    logits = torch.tensor([[-50.0, 0.0, 50.0, 1.0]])
    samples = sampled_values(Generation((1, 2, 2)), logits)
    assert samples.shape == (1, 1, 2, 2)
    assert samples.flatten().tolist() == pytest.approx([0, 0.5, 1, 1 / (1 + np.exp(-1))], abs=1e-6)
    assert reconstruction_error(logits, torch.zeros(1, 1, 2, 2)) == pytest.approx(
        (0.25 + 1 + (1 / (1 + np.exp(-1))) ** 2) / 4
    )


def test_latents_cost_their_divergence_from_the_prior() -> None:
    """KL(N(m, s^2) || N(0, 1)) by numerical integration of its definition."""
    means, deviations = np.array([[0.0, 1.5], [-2.0, 0.3]]), np.array([[1.0, 0.5], [2.0, 0.1]])
    z = np.linspace(-30, 30, 200_001)
    expected = np.zeros(2)
    for row, (mean, deviation) in enumerate(zip(means, deviations, strict=True)):
        for m, s in zip(mean, deviation, strict=True):
            log_q = -0.5 * ((z - m) / s) ** 2 - np.log(s * np.sqrt(2 * np.pi))
            log_p = -0.5 * z**2 - 0.5 * np.log(2 * np.pi)
            expected[row] += np.trapezoid(np.exp(log_q) * (log_q - log_p), z)
    result = Forward(latents={"a": (tensor(means), tensor(2 * np.log(deviations))), "b": (torch.zeros(2, 3),) * 2})
    assert float(latent_divergence(result, ["a"])) == pytest.approx(expected.mean(), rel=1e-4)
    assert float(latent_divergence(result, ["b"])) == pytest.approx(0, abs=1e-7)


def test_losses_are_the_formulas_of_the_table() -> None:
    """Every loss of a random model, recomputed from its logits and latents in numpy."""
    prepared = toy_prepared()
    losses, module = losses_of(prepared), load_module(toy_model(prepared))
    part = prepared.parts["validation"]
    result = module(part.inputs)
    got = losses(module, result, part.targets)
    expected = {name: expected_loss(name, result, part, module.last_decoders["drawn"]) for name in got}
    for name, loss in got.items():
        assert float(loss.detach()) == pytest.approx(expected[name] / losses.scales[name], rel=1e-4), name


def expected_loss(name: str, result: Forward, part: TensorPart, decoders: tuple[str, ...]) -> float:
    logits = result.values[name].detach().double().numpy()
    target = part.targets[name].double().numpy()
    if name == "kind":
        return float(-np.log(softmax(logits)[np.arange(len(logits)), target.astype(int)]).mean())
    if name == "number":
        return float(np.square(logits - target).mean())
    if name == "shares":
        return kl(target, softmax(logits))
    error = np.square(1 / (1 + np.exp(-logits)) - target.reshape(len(target), -1)).mean()
    latents = [(m.detach().double().numpy(), v.detach().double().numpy()) for m, v in map(result.latents.get, decoders)]  # type: ignore[misc]
    divergence = sum((0.5 * (m**2 + np.exp(v) - 1 - v)).sum(axis=1).mean() for m, v in latents)
    return float(error / (2 * 0.1**2) + divergence / logits.shape[1])


def test_the_constant_predictor_has_a_loss_of_one() -> None:
    """Whatever the task: feed the losses a constant that knows the training rows' mean, at no cost of latents."""
    prepared = toy_prepared()
    losses, module = losses_of(prepared), load_module(toy_model(prepared))
    rows = len(prepared.train)
    means = {name: mean.double() for name, mean in losses.mean_targets.items()}
    logits = {"kind": means["kind"].log(), "number": means["number"], "shares": means["shares"].log()}
    logits["drawn"] = torch.logit(means["drawn"]).flatten()
    values = {name: value.float().expand(rows, -1) for name, value in logits.items()}
    prior = {decoder: (torch.zeros(rows, 2), torch.zeros(rows, 2)) for decoder in module.last_decoders["drawn"]}
    got = losses(module, Forward(values, prior), prepared.train.targets)
    assert {name: float(loss) for name, loss in got.items()} == pytest.approx(dict.fromkeys(got, 1.0), rel=1e-4)


def test_units_do_not_weigh() -> None:
    """A regression target in millimetres has the same loss as in metres."""
    metres = torch.randn(50, 2, generator=torch.Generator().manual_seed(0))
    scales = [
        constant_losses({"y": Regression(2)}, TensorPart({"x": metres}, {"y": factor * metres})).scales["y"]
        for factor in (1.0, 1000.0)
    ]
    assert scales[1] / scales[0] == pytest.approx(1e6, rel=1e-5)


@pytest.mark.parametrize(
    ("task", "target"),
    [
        (Classification(3), torch.ones(20, dtype=torch.int64)),
        (Regression(1), torch.full((20, 1), 4.0)),
        (Distribution(2), torch.tensor([[0.25, 0.75]]).expand(20, 2)),
        (Generation((2,)), torch.full((20, 2), 0.5)),
    ],
)
def test_a_constant_target_is_refused(
    task: Classification | Regression | Distribution | Generation, target: Tensor
) -> None:
    with pytest.raises(DataError, match=r"'y'.*vary.*constant"):
        constant_losses({"y": task}, TensorPart({"x": target}, {"y": target}))


def test_losses_come_in_the_order_of_the_outputs() -> None:
    prepared = toy_prepared(outputs=[Output("z", Regression(1)), Output("a", Classification(2))])
    module = load_module(toy_model(prepared))
    part = prepared.train
    assert list(losses_of(prepared)(module, module(part.inputs), part.targets)) == ["a", "z"]

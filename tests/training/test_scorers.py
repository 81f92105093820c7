"""The yardsticks of samples: which is fitted to what, and that no cheat comes near to real images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - torch's own custom

from valpnas.contracts.problem import Reader, SampleScorer
from valpnas.errors import DataError, UnknownNameError
from valpnas.graph.tasks import Classification, Generation
from valpnas.graph.valp import Output
from valpnas.problems.digits import digits
from valpnas.training import classifier_features
from valpnas.training.classifier import Recipe
from valpnas.training.classifier_features import ClassifierFeatures
from valpnas.training.data import Prepared, prepare
from valpnas.training.fitting import Fitting
from valpnas.training.pca_features import PcaFeatures
from valpnas.training.scorers import FEATURES, FrechetScorer, fit_scorer

from .toy_data import toy_prepared

SAMPLES = 500
DECLARED = {
    "pca-frechet": SampleScorer("pca-frechet", samples=SAMPLES),
    "classifier-frechet": SampleScorer("classifier-frechet", samples=SAMPLES, target="digit"),
}


@cache
def real_digits() -> Prepared:
    return prepare(digits(), Reader(), torch.device("cpu"))


@cache
def scorer(name: str) -> FrechetScorer:
    """The yardstick of digits; a quarter of the usual batches do for such small images."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(classifier_features, "Recipe", lambda: Recipe(batches=300))
        return fit_scorer(DECLARED[name], "sample", real_digits())


def some(count: int, seed: int = 0) -> Tensor:
    """Training images, none twice."""
    rows = torch.randperm(len(real_digits().train), generator=torch.Generator().manual_seed(seed))
    return real_digits().train.targets["sample"][rows[:count]]


def noise(kind: Callable[..., Tensor] = torch.randn) -> Tensor:
    return (0.5 + 0.3 * kind(SAMPLES, 1, 8, 8, generator=torch.Generator().manual_seed(0))).clamp(0, 1)


CHEATS = {
    "one training image, repeated": lambda: some(1).expand(SAMPLES, -1, -1, -1),
    "the mean image, repeated": lambda: some(1000).mean(dim=0).expand(SAMPLES, -1, -1, -1),
    "ten training images, memorised": lambda: some(10).repeat(SAMPLES // 10, 1, 1, 1),
    "Gaussian noise": noise,
    "uniform noise": lambda: noise(torch.rand),
    "nothing at all": lambda: torch.zeros(SAMPLES, 1, 8, 8),
    "blurred images": lambda: F.avg_pool2d(some(SAMPLES), 3, 1, 1),
    "images of five digits": lambda: real_digits().train.targets["sample"][real_digits().train.targets["digit"] < 5],
}


def test_every_yardstick_is_tried_here() -> None:
    assert set(DECLARED) == set(FEATURES)


@pytest.mark.parametrize("name", DECLARED)
@pytest.mark.parametrize("part", ["validation", "test"])
def test_real_images_are_near_and_the_same_ones_at_zero(name: str, part: str) -> None:
    target = real_digits().parts[part].targets["sample"]
    itself, real = scorer(name).score(target, part), scorer(name).score(some(SAMPLES), part)
    assert itself.objective == pytest.approx(0, abs=1e-6)
    assert itself.reported == {"precision": 1.0, "recall": 1.0}
    assert 0 < real.objective < 0.1 * scorer(name).score(CHEATS["the mean image, repeated"](), part).objective
    assert min(real.reported.values()) > 0.8


@pytest.mark.parametrize("name", DECLARED)
@pytest.mark.parametrize("cheat", CHEATS)
def test_no_cheat_comes_near_to_real_images(name: str, cheat: str) -> None:
    real = max(scorer(name).score(some(SAMPLES, seed), "validation").objective for seed in range(3))
    assert scorer(name).score(CHEATS[cheat](), "validation").objective > 4 * real


@pytest.mark.parametrize("name", DECLARED)
def test_the_more_is_memorised_the_better_and_recall_tells(name: str) -> None:
    counts = [1, 5, 20, 100, SAMPLES]
    scores = [scorer(name).score(some(n).repeat(SAMPLES // n, 1, 1, 1), "validation") for n in counts]
    distances = [score.objective for score in scores]
    assert distances == sorted(distances, reverse=True)
    assert [score.reported["recall"] < 0.05 for score in scores] == [True, True, True, True, False]
    assert min(score.reported["precision"] for score in scores[1:]) > 0.6


@pytest.mark.parametrize("name", DECLARED)
def test_the_more_noise_the_worse(name: str) -> None:
    drawn = torch.randn(SAMPLES, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    distances = [
        scorer(name).score((some(SAMPLES) + level * drawn).clamp(0, 1), "validation").objective
        for level in (0, 0.1, 0.2, 0.4)
    ]
    assert distances == sorted(distances)


def test_only_training_rows_fit_the_projection() -> None:
    prepared = toy_prepared()
    features = fit_scorer(SampleScorer(components=3), "drawn", prepared).features
    train = prepared.train.targets["drawn"].flatten(1).double().numpy()
    assert isinstance(features, PcaFeatures)
    assert np.allclose(features.projection.mean_, train.mean(axis=0))
    assert features.projection.components_.shape == (3, 9)


def test_more_components_than_numbers_are_not_asked_for() -> None:
    features = fit_scorer(SampleScorer(components=50), "drawn", toy_prepared()).features
    assert isinstance(features, PcaFeatures)
    assert features.projection.n_components_ == 9


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let classifiers be fitted in no time."""
    monkeypatch.setattr(classifier_features, "Recipe", lambda: Recipe(batches=3))


def classifier_scorer(prepared: Prepared, fitting: Fitting, target: str = "kind", output: str = "drawn") -> Tensor:
    features = fit_scorer(SampleScorer("classifier-frechet", target=target), output, prepared, fitting).features
    assert isinstance(features, ClassifierFeatures)
    return features.weights["convolution.0"]


@pytest.mark.usefixtures("short")
def test_the_classifier_is_kept_by_the_rows_it_is_fitted_to(tmp_path: Path) -> None:
    """Another problem with the same training images and classes shares it; held-out rows and inputs do not count."""
    prepared, fitting = toy_prepared(), Fitting(tmp_path)
    first = classifier_scorer(prepared, fitting)
    shared = {**prepared.parts, "validation": prepared.parts["test"]}
    assert torch.equal(classifier_scorer(replace(prepared, parts=shared), fitting), first)
    assert len(list(tmp_path.iterdir())) == 1
    flipped = {**prepared.train.targets, "kind": prepared.train.targets["kind"].flip(0)}
    other = replace(prepared, parts={**prepared.parts, "train": replace(prepared.train, targets=flipped)})
    assert not torch.equal(classifier_scorer(other, fitting), first)
    assert len(list(tmp_path.iterdir())) == 2


def test_another_recipe_is_kept_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for recipe in (Recipe(batches=3), Recipe(batches=4), Recipe(batches=3, version=2)):
        monkeypatch.setattr(classifier_features, "Recipe", lambda recipe=recipe: recipe)
        classifier_scorer(toy_prepared(), Fitting(tmp_path))
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.usefixtures("short")
def test_a_kept_classifier_scores_as_the_fitted_one(tmp_path: Path) -> None:
    prepared, declared = toy_prepared(), SampleScorer("classifier-frechet", target="kind")
    samples = prepared.train.targets["drawn"]
    scores = [fit_scorer(declared, "drawn", prepared, Fitting(tmp_path)).score(samples, "test") for _ in range(2)]
    assert scores[0] == scores[1] == fit_scorer(declared, "drawn", prepared).score(samples, "test")


def test_a_training_image_drawn_over_and_over_is_at_about_one() -> None:
    """The unit of the classifier's features: what those of the training images vary by."""
    features = scorer("classifier-frechet").features(real_digits().train.targets["sample"])
    assert features.var(axis=0).sum() == pytest.approx(1)
    assert 0.5 < scorer("classifier-frechet").score(CHEATS["the mean image, repeated"](), "test").objective < 3


def test_an_unknown_yardstick_offers_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="unknown sample scorer 'pca-frechett': did you mean pca-frechet"):
        fit_scorer(SampleScorer("pca-frechett"), "drawn", toy_prepared())


@pytest.mark.parametrize("target", ["", "number", "drawn", "kinds"])
def test_a_target_that_is_no_class_is_refused(target: str) -> None:
    with pytest.raises(DataError) as caught:
        classifier_scorer(toy_prepared(), Fitting(), target)
    what = "the sample scorer 'classifier-frechet' of 'drawn': expected a target among the classes kind"
    assert str(caught.value) == f"{what}, got {target!r}; name one"


def test_samples_that_are_no_images_are_refused() -> None:
    prepared = toy_prepared(outputs=(Output("drawn", Generation((9,))), Output("kind", Classification(3))))
    with pytest.raises(DataError, match=r"expected images \(channels, height, width\), got Generation.*'pca-frechet'"):
        classifier_scorer(prepared, Fitting())

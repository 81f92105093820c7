"""LatentMixture: noise becomes draws of the mixture, each component by its weight; the density is the mixture's."""

from __future__ import annotations

from math import exp, pi

import numpy as np
import pytest
import torch
from scipy.stats import kstest, norm

from valpnas.networks.latent_mixture import LatentMixture

WEIGHT, MEAN, SPREAD = [0.2, 0.5, 0.3], [[0.0, 0.0], [5.0, 1.0], [-4.0, 2.0]], [[1.0, 1.0], [0.5, 2.0], [1.0, 0.3]]


def mixture() -> LatentMixture:
    made = LatentMixture(2, 3)
    for buffer, values in ((made.weight, WEIGHT), (made.mean, MEAN), (made.spread, SPREAD)):
        buffer.copy_(torch.tensor(values))
    return made


def noise(rows: int = 5000) -> torch.Tensor:
    return torch.randn(rows, 2, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("number", [0, 1])
def test_each_number_is_distributed_as_the_mixture_says(number: int) -> None:
    def cumulative(x: np.ndarray) -> np.ndarray:
        each = [w * norm.cdf(x, m[number], s[number]) for w, m, s in zip(WEIGHT, MEAN, SPREAD, strict=True)]
        return np.sum(each, axis=0)

    assert kstest(mixture()(noise())[:, number].numpy(), cumulative).pvalue > 0.01


def test_a_draw_depends_on_its_own_noise_alone() -> None:
    drawn = mixture()(noise(100))
    torch.testing.assert_close(mixture()(noise(100)[7:9]), drawn[7:9])


def test_numbers_of_a_component_are_independent() -> None:
    drawn = mixture()(noise())
    second = drawn[(drawn - torch.tensor(MEAN[1])).abs()[:, 0] < 3]
    assert abs(float(torch.corrcoef(second.T)[0, 1])) < 0.05


def test_equal_components_are_one_normal_distribution() -> None:
    made = LatentMixture(2, 4)
    made.weight.fill_(0.25)
    made.mean.zero_()
    made.spread.fill_(1.0)
    assert kstest(made(noise())[:, 0].numpy(), "norm").pvalue > 0.01


def test_the_farthest_noise_has_a_finite_draw() -> None:
    assert bool(torch.isfinite(mixture()(torch.tensor([[-40.0, 0.0], [40.0, 0.0], [0.0, 0.0]]))).all())


def test_the_density_is_that_of_the_mixture() -> None:
    at, expected = torch.tensor([[4.5, 3.0]]), 0.0
    for w, m, s in zip(WEIGHT, MEAN, SPREAD, strict=True):
        off = sum(((x - mean) / spread) ** 2 for x, mean, spread in zip(at[0].tolist(), m, s, strict=True))
        expected += w * exp(-off / 2) / (2 * pi * s[0] * s[1])
    assert float(mixture().log_density(at).exp()) == pytest.approx(expected, rel=1e-5)

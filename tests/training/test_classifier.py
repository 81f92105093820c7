"""The fixed classifier: it learns, gives the same bits, and leaves the world's randomness alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from valpnas.training.classifier import Recipe, fit_classifier, logits, penultimate
from valpnas.training.fitting import Tensors

SHORT = Recipe(batches=30, features=8)


def bars(rows: int = 600, size: int = 6, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Noisy images with a lying or a standing bar."""
    generator = torch.Generator().manual_seed(seed)
    images = 0.3 * torch.rand(rows, 1, size, size, generator=generator)
    labels = torch.randint(2, (rows,), generator=generator)
    places = torch.randint(size, (rows,), generator=generator)
    for image, label, place in zip(images[:, 0], labels.tolist(), places.tolist(), strict=True):
        (image if label else image.T)[place] += 0.6
    return images, labels


def fitted(recipe: Recipe = SHORT) -> Tensors:
    return fit_classifier(recipe, *bars(), 2, quiet=True)


def equal(one: Tensors, other: Tensors) -> bool:
    return all(torch.equal(one[name], other[name]) for name in one)


def test_it_learns_to_tell_the_classes() -> None:
    images, labels = bars(seed=1)
    wrong = logits(fitted(Recipe(batches=150)), images).argmax(dim=1) != labels
    assert float(wrong.float().mean()) < 0.1


def test_the_same_data_give_the_same_bits_whatever_else_is_set() -> None:
    once = fitted()
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        again = fitted()
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)
    assert equal(once, again)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("change", [{"seed": 1}, {"batches": 31}, {"learning_rate": 1e-3}])
def test_another_recipe_gives_another_network(change: dict[str, float]) -> None:
    assert not equal(fitted(), fitted(replace(SHORT, **change)))  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 5, 9), (1, 1, 1)])
def test_images_of_any_extent_can_be_looked_at(shape: tuple[int, ...]) -> None:
    images = torch.rand(20, *shape, generator=torch.Generator().manual_seed(0))
    weights = fit_classifier(replace(SHORT, batches=2), images, torch.arange(20) % 4, 4, quiet=True)
    assert penultimate(weights, images).shape == (20, 8)
    assert logits(weights, images).shape == (20, 4)
    assert not any(weight.requires_grad for weight in weights.values())


def test_it_learns_where_gradients_are_switched_off() -> None:
    with torch.no_grad():
        assert equal(fitted(), fitted())
        assert not torch.equal(fitted()["classes"], torch.zeros(2, 8))


def test_progress_is_not_shown_to_scripts(capsys: pytest.CaptureFixture[str]) -> None:
    fit_classifier(SHORT, *bars(), 2, quiet=False)  # standard error is no terminal here
    assert capsys.readouterr().err == ""

"""Augmentation: what is done to a batch of images, and which problems may not ask for it."""

from __future__ import annotations

import pytest
import torch

from tests.training.toy_data import DENSE, evaluator_of, losses_of, toy_model, toy_prepared
from valpnas.contracts.augmentation import Augmentation
from valpnas.contracts.protocol import Protocol, Schedule
from valpnas.errors import ConfigError
from valpnas.graph.tasks import Classification, Distribution, Generation, Regression
from valpnas.graph.valp import Input, Output
from valpnas.seeding import stream
from valpnas.training.augmenting import Augmenter, cut_out, flipped, moved
from valpnas.training.engine import PlainEngine

IMAGE = Input("pixels", (3, 16, 24), "image")


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def images(rows: int = 200) -> torch.Tensor:
    """Every pixel says where it is: row + 100 x column."""
    places = torch.arange(16.0)[:, None] + 100 * torch.arange(24.0)
    return places.expand(rows, 3, 16, 24).clone()


@pytest.mark.parametrize(("dim", "step", "most"), [(2, 1, 2), (3, 100, 3)])
def test_moved_images_are_moved_by_whole_pixels_and_reflected(dim: int, step: int, most: int) -> None:
    before = images()
    after = moved(before, 0.125, dim, generator())
    inside = (after - before)[:, :, 4:-4, 4:-4] / step
    by = inside[:, 0, 0, 0]
    assert torch.equal(inside, by.reshape(-1, 1, 1, 1).expand_as(inside))  # an image moves as one, all its channels
    assert set(by.int().tolist()) == set(range(-most, most + 1))
    lines = after.transpose(2, dim)[by == most][0, 0]
    assert torch.equal(lines[-most:], lines[-2 * most : -most].flip(0))


def test_half_of_the_images_are_mirrored() -> None:
    before = images(1000)
    after = flipped(before, generator())
    mirrored = (after == before.flip(3)).all(dim=(1, 2, 3))
    assert torch.equal(after[~mirrored], before[~mirrored])
    assert 450 < int(mirrored.sum()) < 550


def test_a_black_square_is_cut_out_somewhere() -> None:
    before = images(2000) + 1
    holes = cut_out(before, 0.25, generator()) == 0
    assert torch.equal(holes[:, 0], holes[:, 2])
    sizes = holes[:, 0].sum(dim=(1, 2))
    assert int(sizes.max()) == 4 * 6
    assert 0 < int(sizes.min()) < 24  # at the border, a part of it is outside
    assert holes[:, 0].any(dim=0).all()  # anywhere
    assert int((cut_out(before, 0.01, generator()) == 0)[:, 0].sum(dim=(1, 2)).max()) == 1


def test_draws_are_the_generators_and_nothing_is_altered_in_place() -> None:
    before = images(30)
    how = Augmentation(0.125, True, 0.125)
    one, other, third = (Augmenter.of(how, [IMAGE], generator(s))({"pixels": before})["pixels"] for s in (1, 1, 2))
    assert torch.equal(one, other)
    assert not torch.equal(one, third)
    assert torch.equal(before, images(30))


def test_only_images_are_altered() -> None:
    inputs = [IMAGE, Input("series", (2, 16), "series"), Input("table", (5,)), Input("map", (3, 16, 24), "series")]
    batch = {vertex.name: torch.rand(20, *vertex.shape, generator=generator()) for vertex in inputs}
    after = Augmenter.of(Augmentation(flip=True), inputs, generator())(dict(batch))
    assert [name for name in batch if not torch.equal(after[name], batch[name])] == ["pixels"]
    nothing = Augmenter.of(Augmentation(), inputs, generator())
    assert all(nothing(dict(batch))[name] is value for name, value in batch.items())


@pytest.mark.parametrize("wrong", [{"shift": 1.0}, {"shift": -0.1}, {"cutout": 1.0}, {"cutout": float("nan")}])
def test_parts_of_a_side_are_parts(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="expected a part of a side in"):
        Augmentation(**wrong)


def test_targets_that_depend_on_the_image_as_it_was_are_refused() -> None:
    how = Augmentation(shift=0.125)
    how.check([IMAGE, Input("table", (3,))], [Output("a", Classification(3)), Output("b", Regression(1))])
    for task in (Generation((3, 16, 24)), Distribution(8)):
        with pytest.raises(ConfigError, match=f"got the {task.name} 'b', which depends on the image as it was"):
            how.check([IMAGE], [Output("a", Classification(3)), Output("b", task)])
        Augmentation().check([IMAGE], [Output("b", task)])
    for inputs in ([Input("table", (3,))], [IMAGE, Input("other", (1, 4, 4), "image")]):
        with pytest.raises(ConfigError, match="expected one input of images"):
            how.check(inputs, [Output("a", Classification(3))])


def test_training_sees_altered_images_and_scoring_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    prepared = toy_prepared(outputs=(Output("kind", Classification(3)),))
    model = toy_model(prepared, space=DENSE)
    plain, altered = (
        PlainEngine().train(model, prepared, losses_of(prepared), protocol, stream(0, "augmenting"))
        for protocol in (
            Protocol(5, Schedule("constant")),
            Protocol(5, Schedule("constant"), augmentation=Augmentation(flip=True)),
        )
    )
    assert any(not torch.equal(plain.weights[name], altered.weights[name]) for name in plain.weights)
    before = evaluator_of(prepared).scores(altered, "validation")
    monkeypatch.setattr(Augmenter, "altered", lambda _, images: 0 * images)
    assert evaluator_of(prepared).scores(altered, "validation") == before

"""valpnas sample: what it draws is the model's, repeatable, and written as asked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from valpnas import run as runs
from valpnas.errors import ConfigError, UnknownNameError
from valpnas.opened_run import Run
from valpnas.sampling import side_by_side, write_samples

SMALL = {
    "steps": 1,
    "initial_batches": 3,
    "batches_per_step": 2,
    "chooser": "train-only",
    "device": "cpu",
    "report": False,
}


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run whose models generate 8x8 images."""
    return runs.design("digits", out=str(tmp_path_factory.mktemp("runs") / "run"), **SMALL)


def test_values_are_drawn_from_the_model_that_is_best_at_them(digits: Run, tmp_path: Path) -> None:
    said = write_samples(digits, tmp_path / "new" / "s.csv", None, None, 5, seed=1)
    best = min(digits.front, key=lambda member: member.validation["sample"])
    assert said.startswith(f"5 samples of 'sample' from model {best.candidate} in ")
    values = np.loadtxt(tmp_path / "new" / "s.csv", delimiter=",")
    assert values.shape == (5, 64)
    assert values.min() >= 0
    assert values.max() <= 1
    assert len(np.unique(values, axis=0)) == 5


def test_equal_seeds_draw_equal_samples(digits: Run, tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_samples(digits, tmp_path / f"{name}.csv", "sample", None, 3, seed)
    a, b, c = ((tmp_path / f"{name}.csv").read_bytes() for name in "abc")
    assert a == b != c


def test_images_are_drawn_as_a_picture(digits: Run, tmp_path: Path) -> None:
    write_samples(digits, tmp_path / "s.png", None, digits.front[0].candidate, 10, 0)
    assert (tmp_path / "s.png").read_bytes().startswith(b"\x89PNG")


def test_every_image_is_in_its_place() -> None:
    images = np.arange(5, dtype=np.float32).reshape(5, 1, 1, 1) * np.ones((5, 1, 2, 3), dtype=np.float32)
    picture = side_by_side(images)
    assert picture.shape == (2 * 3, 3 * 4)
    assert [picture[0, 0], picture[0, 4], picture[0, 8], picture[3, 0], picture[3, 4]] == [0, 1, 2, 3, 4]
    assert side_by_side(np.zeros((1, 3, 4, 4), dtype=np.float32)).shape == (5, 5, 3)


@pytest.mark.parametrize(
    ("name", "output", "candidate", "count", "says"),
    [
        ("s.png", "digit", None, 3, "unknown generation output 'digit'"),
        ("s.png", None, 99, 3, "--candidate: expected a model on the front"),
        ("s.png", None, None, -1, "--count: expected at least 1, got -1"),
        ("s.gif", None, None, 3, "--out: expected a .png or .csv file, got 's.gif'"),
    ],
)
def test_what_cannot_be_drawn_is_refused(
    digits: Run, tmp_path: Path, name: str, output: str | None, candidate: int | None, count: int, says: str
) -> None:
    with pytest.raises((ConfigError, UnknownNameError), match=says):
        write_samples(digits, tmp_path / name, output, candidate, count, 0)
    assert not (tmp_path / name).exists()

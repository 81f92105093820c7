"""IDX images: how they are read, split and made into rows, and what is said of files that are not right."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from pathlib import Path

import numpy as np
import pytest

from tests.problems.idx_files import ADDRESS, idx, images, write_idx_files
from valpnas.contracts.problem import PARTS, Part, Problem, Reader, check_part
from valpnas.errors import DataError
from valpnas.graph.tasks import Classification
from valpnas.problems import _idx_images, fashion_halves, fashion_mnist, mnist
from valpnas.problems._idx_images import load_parts, pixels_of, read_idx, whole_images


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with small files, for the three problems as well; nothing is looked for in the user's cache."""
    monkeypatch.setattr("pooch.os_cache", lambda project: tmp_path / "cache" / project)
    monkeypatch.setattr(_idx_images, "VALIDATION", 60)
    monkeypatch.setattr(_idx_images, "DIAGNOSTIC", 40)
    files = write_idx_files(tmp_path)
    for module in (mnist, fashion_mnist, fashion_halves):
        monkeypatch.setattr(module, "FILES", files)
    return tmp_path


def rows_of(part: Part) -> list[int]:
    """The number of each image, told by its first two pixels."""
    pixels = np.rint(np.asarray(part.targets["sample"])[:, 0] * 255).astype(int)
    return [int(image[0, 0] + 256 * image[0, 1]) for image in pixels]


def test_reading_is_the_reverse_of_writing() -> None:
    for values in (images(3), np.arange(7), np.zeros((2, 0, 3))):
        assert np.array_equal(read_idx(idx(values), "some"), values)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "an IDX file of unsigned bytes, got ;"),
        (b"\x00\x00", "an IDX file of unsigned bytes, got 0000;"),
        (b"\x00\x00\x0d\x01" + bytes(8), "an IDX file of unsigned bytes, got 00000d01;"),
        (b"\x89PNG\r\n", "an IDX file of unsigned bytes, got 89504e47;"),
        (idx(np.arange(7))[:-1], r"\(7,\) values, got 6;"),
        (idx(np.arange(7)) + b"x", r"\(7,\) values, got 8;"),
        (idx(images(2))[:9], "3 sizes, got 1;"),
    ],
)
def test_what_is_no_idx_file_is_refused(content: bytes, told: str) -> None:
    with pytest.raises(DataError, match=f"^some: expected {told} replace the file$"):
        read_idx(content, "some")


def test_the_official_test_images_are_the_test_part_and_no_row_is_in_two(folder: Path) -> None:
    parts = load_parts(mnist.FILES, Reader(folder), whole_images)
    assert [len(getattr(parts, name)) for name in PARTS] == [200, 40, 60, 40]
    numbers = [rows_of(getattr(parts, name)) for name in PARTS]
    assert sorted(chain(*numbers[:3])) == list(range(300))
    assert numbers[3] == list(range(40))
    assert np.array_equal(parts.test.targets["sample"], pixels_of(images(40, seed=1)))
    for name in PARTS:
        part: Part = getattr(parts, name)
        assert np.array_equal(part.targets["label"], np.asarray(rows_of(part)) % 10)


def test_the_images_to_draw_are_the_input_itself(folder: Path) -> None:
    """Not a copy: at 28x28 they are two thirds of all the memory."""
    train = load_parts(mnist.FILES, Reader(folder), whole_images).train
    assert train.inputs["pixels"] is train.targets["sample"]
    assert train.inputs["pixels"].dtype == np.float32


@pytest.mark.parametrize("make", [mnist.mnist, fashion_mnist.fashion_mnist, fashion_halves.fashion_halves])
def test_each_problem_loads_what_it_declares(make: Callable[[], Problem], folder: Path) -> None:
    problem = make()
    parts = problem.load(Reader(folder))
    for name in PARTS:
        check_part(problem.inputs, problem.outputs, getattr(parts, name))


@pytest.mark.parametrize("make", [mnist.mnist, fashion_mnist.fashion_mnist])
def test_each_problem_declares_its_files(make: Callable[[], Problem]) -> None:
    problem = make()
    names = ["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"]
    assert [file.name for file in problem.files] == [*names, *(name.replace("train", "t10k") for name in names)]
    assert {file.folder for file in problem.files} == {problem.name}
    assert all(file.url.endswith(file.name) for file in problem.files)


def test_a_histogram_is_numpys(folder: Path) -> None:
    part = load_parts(mnist.FILES, Reader(folder), whole_images).diagnostic
    pixels = part.inputs["pixels"].astype(np.float32)
    expected = [np.histogram(image, bins=8, range=(0, 1))[0] / 784 for image in pixels]
    assert np.allclose(part.targets["histogram"], expected)


def test_every_grey_level_falls_into_its_eighth() -> None:
    levels = np.arange(256, dtype=np.uint8)
    images_of_one_level = np.broadcast_to(levels[:, None, None], (256, 28, 28))
    found = whole_images(images_of_one_level, np.zeros(256, dtype=np.int64)).targets["histogram"]
    assert np.array_equal(found.argmax(axis=1), levels // 32)
    assert np.array_equal(found.max(axis=1), np.ones(256))


# -- files that are not right --------------------------------------------------------------------------------


def test_without_file_and_network_one_line_names_file_address_and_folder(folder: Path) -> None:
    (folder / "images" / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(DataError) as caught:
        mnist.mnist().load(Reader(folder))
    name = "t10k-labels-idx1-ubyte.gz"
    reason = f"expected {name}, got no answer (ConnectionError) from {ADDRESS}{name}"
    assert str(caught.value) == f"{reason}; put {name} into {folder / 'images'}"


def test_an_altered_file_is_refused(folder: Path) -> None:
    path = folder / "images" / "train-labels-idx1-ubyte.gz"
    path.write_bytes((folder / "images" / "t10k-labels-idx1-ubyte.gz").read_bytes())
    with pytest.raises(DataError, match=rf"^{path}: expected content of SHA-256 .*, got .*; replace it, or take it"):
        mnist.mnist().load(Reader(folder))


def test_a_cut_file_is_refused(folder: Path) -> None:
    path = folder / "images" / "train-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(DataError) as caught:
        mnist.mnist().load(Reader(folder))
    assert str(caught.value).startswith(f"{path}: expected content of SHA-256")
    assert "a file that was cut off or altered" in str(caught.value)
    assert "\n" not in str(caught.value)


# -- halves --------------------------------------------------------------------------------------------------


def test_the_halves_are_the_whole(folder: Path) -> None:
    whole = fashion_mnist.fashion_mnist().load(Reader(folder))
    halves = fashion_halves.fashion_halves().load(Reader(folder))
    for name in PARTS:
        one, two = getattr(whole, name), getattr(halves, name)
        joined = np.concatenate([two.inputs["left"], two.inputs["right"]], axis=3)
        assert np.array_equal(joined, one.inputs["pixels"])
        assert all(np.array_equal(two.targets[target], one.targets[target]) for target in one.targets)
        assert set(two.targets) - set(one.targets) == {"brighter"}


def test_the_brighter_half_is_that_with_the_larger_sum_and_a_tie_counts_as_left() -> None:
    drawn = np.zeros((4, 28, 28), dtype=np.uint8)
    drawn[0, 3, 13] = 1  # the last column of the left half
    drawn[1, 3, 14] = 1  # the first of the right one
    drawn[2] = 255
    assert fashion_halves.halves(drawn, np.zeros(4, dtype=np.int64)).targets["brighter"].tolist() == [0, 1, 0, 0]
    output = fashion_halves.fashion_halves().outputs[-1]
    assert (output.name, output.task) == ("brighter", Classification(2))

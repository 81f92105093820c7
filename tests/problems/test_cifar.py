"""CIFAR-10: the binary files, the lossy ones, and what is said of either when it is not right."""

from __future__ import annotations

import hashlib
import io
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from valpnas import catalog
from valpnas.contracts.problem import PARTS, Reader
from valpnas.errors import DataError
from valpnas.problems import cifar10, cifar10_jpeg
from valpnas.testing.problems import check_problem


def archive(rows: int, members: tuple[str, ...] = (*cifar10.TRAIN, *cifar10.TEST)) -> bytes:
    """A small archive: image ``i`` of each member has label ``i % 10`` and a red channel of ``i``."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for number, member in enumerate(members):
            pixels = np.random.default_rng(number).integers(0, 256, (rows, 3073), dtype=np.uint8)
            pixels[:, 0] = np.arange(rows) % 10
            pixels[:, 1:1025] = np.arange(rows)[:, None]
            info = tarfile.TarInfo(member)
            info.size = pixels.size
            tar.addfile(info, io.BytesIO(pixels.tobytes()))
    return buffer.getvalue()


def jpegs(rows: int, size: int = 32, kind: str = "JPEG") -> dict[str, np.ndarray]:
    """Plain coloured images, as the lossy file holds them."""
    made = []
    for row in range(rows):
        buffer = io.BytesIO()
        colour = (row % 256, 10 * (row % 10), 255 - row % 256)
        Image.new("RGB", (size, size), colour).save(buffer, kind)
        made.append(buffer.getvalue())
    return {
        "jpeg": np.frombuffer(b"".join(made), dtype=np.uint8),
        "offsets": np.cumsum([0, *map(len, made)]),
        "labels": np.arange(rows) % 10,
    }


def put_jpegs(folder: Path, train: dict[str, np.ndarray], test: dict[str, np.ndarray]) -> None:
    (folder / "cifar10-jpeg").mkdir()
    arrays = {f"{p}_{k}": v for p, part in (("train", train), ("test", test)) for k, v in part.items()}
    np.savez(folder / "cifar10-jpeg" / cifar10_jpeg.FILE.name, allow_pickle=False, **arrays)


def test_the_original_files_are_read_from_the_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = archive(40)
    file = replace(cifar10.FILE, sha256=hashlib.sha256(content).hexdigest())
    monkeypatch.setattr(cifar10, "FILE", file)
    monkeypatch.setattr(cifar10, "HELD_OUT", (20, 50))
    (tmp_path / "cifar10").mkdir()
    (tmp_path / "cifar10" / file.name).write_bytes(content)
    problem = cifar10.cifar10()
    parts = check_problem(problem, Reader(tmp_path), duplicates=0)
    assert [len(getattr(parts, part)) for part in PARTS] == [130, 20, 50, 40]
    red = parts.test.inputs["pixels"][:, 0, 0, 0]
    np.testing.assert_allclose(np.rint(red * 255), np.arange(40))
    np.testing.assert_array_equal(parts.test.targets["label"], np.arange(40) % 10)
    assert (np.bincount(parts.validation.targets["label"]) == 5).all()


def test_the_original_file_is_never_replaced_by_the_lossy_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pooch.os_cache", lambda project: tmp_path / "cache" / project)
    monkeypatch.setattr(cifar10, "FILE", replace(cifar10.FILE, url="http://127.0.0.1:9/cifar-10-binary.tar.gz"))
    put_jpegs(tmp_path, jpegs(200), jpegs(20))
    with pytest.raises(DataError, match=r"expected cifar-10-binary\.tar\.gz, got no answer"):
        cifar10.cifar10().load(Reader(tmp_path))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"no archive", "expected cifar-10-batches-bin/test_batch.bin in it"),
        (archive(2, cifar10.TRAIN), "test_batch.bin in it, got .*not found"),
        (archive(0), "expected images of 3073 bytes, got 0 bytes"),
    ],
)
def test_archives_without_images_are_refused(content: bytes, told: str) -> None:
    with pytest.raises(DataError, match=told):
        cifar10.images_in(content, cifar10.TEST)


def test_lossy_images_are_decoded_and_marked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cifar10_jpeg, "HELD_OUT", (20, 30))
    put_jpegs(tmp_path, jpegs(200), jpegs(20))
    problem = catalog.problem("cifar10-jpeg")
    parts = problem.load(Reader(tmp_path))
    assert [len(getattr(parts, part)) for part in PARTS] == [150, 20, 30, 20]
    assert problem.notes[0].startswith("lossy")
    assert "lossy" in problem.summary
    wanted = np.stack([np.arange(20), 10 * (np.arange(20) % 10), 255 - np.arange(20)], axis=1) / 255
    assert np.abs(parts.test.inputs["pixels"].mean(axis=(2, 3)) - wanted).max() < 0.03


@pytest.mark.parametrize(
    ("train", "told"),
    [
        (jpegs(30) | {"labels": np.arange(29)}, "expected offsets of 29 images"),
        (jpegs(30) | {"labels": np.full(30, 11)}, "expected labels below 10, got 11"),
        (jpegs(30, size=28), "expected images of shape"),
        (jpegs(30, kind="PNG"), "expected JPEG images, got one that cannot be read"),
        ({"labels": np.arange(3)}, "expected jpeg, offsets and labels of train and test"),
    ],
)
def test_a_lossy_file_that_is_not_right_is_refused(tmp_path: Path, train: dict[str, np.ndarray], told: str) -> None:
    put_jpegs(tmp_path, train, jpegs(5))
    with pytest.raises(DataError, match=told):
        catalog.problem("cifar10-jpeg").load(Reader(tmp_path))


def test_a_lossy_file_that_is_missing_has_no_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pooch.os_cache", lambda project: tmp_path / "cache" / project)
    with pytest.raises(DataError, match="which has no public address, got none; put cifar10_jpeg_subset"):
        catalog.problem("cifar10-jpeg").load(Reader(tmp_path))


@pytest.mark.data
@pytest.mark.slow
def test_the_real_lossy_images(data_reader: Reader) -> None:
    parts = check_problem(catalog.problem("cifar10-jpeg"), data_reader)
    assert [len(getattr(parts, part)) for part in PARTS] == [8000, 500, 1500, 2000]
    assert (np.bincount(parts.validation.targets["label"]) == 150).all()

"""What is fitted once: kept, found again, and fitted anew when the file is not what it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from valpnas.training.fitting import UNKEPT, Fitting, Tensors

TENSORS = {"weights": torch.arange(6.0).reshape(2, 3), "scale": torch.tensor(2.5, dtype=torch.float64)}


class Fits:
    """Counts how often it is asked to fit."""

    count = 0

    def __call__(self) -> Tensors:
        self.count += 1
        return TENSORS


def same(found: Tensors) -> bool:
    return found.keys() == TENSORS.keys() and all(torch.equal(found[name], TENSORS[name]) for name in TENSORS)


def test_the_second_time_it_is_read(tmp_path: Path) -> None:
    fits, fitting = Fits(), Fitting(tmp_path / "deep" / "scorers")
    assert same(fitting.kept("a", fits))
    assert same(fitting.kept("a", fits))
    assert fits.count == 1
    assert [path.name for path in (tmp_path / "deep" / "scorers").iterdir()] == ["a.safetensors"]
    assert same(fitting.kept("b", fits))
    assert fits.count == 2


def cut(content: bytes) -> bytes:
    return content[:-3]


def alter(content: bytes) -> bytes:
    return content[:-3] + b"\x01" + content[-2:]


def forge(content: bytes) -> bytes:
    return content.replace(b"sha256", b"sha255")


@pytest.mark.parametrize("damage", [cut, alter, forge, lambda _: b"", lambda _: b"no tensors"])
def test_a_damaged_file_is_fitted_anew_and_replaced(damage: Callable[[bytes], bytes], tmp_path: Path) -> None:
    fits, fitting, path = Fits(), Fitting(tmp_path), tmp_path / "a.safetensors"
    fitting.kept("a", fits)
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    assert path.read_bytes() != whole
    assert same(fitting.kept("a", fits))
    assert fits.count == 2
    assert path.read_bytes() == whole


def test_a_folder_that_cannot_be_written_is_no_reason_to_stop(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    fits, fitting = Fits(), Fitting(tmp_path / "file" / "scorers")
    assert same(fitting.kept("a", fits))
    assert same(fitting.kept("a", fits))
    assert fits.count == 2


def test_a_fault_in_fitting_leaves_nothing_behind(tmp_path: Path) -> None:
    def fail() -> Tensors:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Fitting(tmp_path).kept("a", fail)
    assert list(tmp_path.iterdir()) == []


def test_without_a_folder_nothing_is_kept() -> None:
    fits = Fits()
    UNKEPT.kept("a", fits)
    UNKEPT.kept("a", fits)
    assert fits.count == 2

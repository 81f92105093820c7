"""Shared rows: what another process maps equals what was shared, in the same places of memory, and is one copy."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from valpnas.training.shared_rows import shared_rows

from .toy_data import toy_prepared

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="files in memory are Linux's")


def test_rows_come_back_as_they_were_and_aligned() -> None:
    parts = toy_prepared(rows=161).parts
    with shared_rows(parts, pytest.fail) as rows:
        assert rows is not None
        loaded = rows.load()
    assert set(loaded) == set(parts)
    for name, part in parts.items():
        for before, after in ((part.inputs, loaded[name].inputs), (part.targets, loaded[name].targets)):
            assert set(before) == set(after)
            for key, tensor in before.items():
                assert torch.equal(after[key], tensor)
                assert after[key].dtype == tensor.dtype
                assert after[key].data_ptr() % 64 == 0


def test_what_one_writes_nobody_else_sees() -> None:
    parts = toy_prepared().parts
    with shared_rows(parts, pytest.fail) as rows:
        assert rows is not None
        one, other = rows.load(), rows.load()
        next(iter(one["train"].inputs.values())).fill_(7.0)
        name, tensor = next(iter(other["train"].inputs.items()))
        assert torch.equal(tensor, parts["train"].inputs[name])


def test_another_process_maps_them_as_long_as_they_are_shared() -> None:
    parts = toy_prepared().parts
    with shared_rows(parts, pytest.fail) as rows:
        assert rows is not None
        total = sum(float(tensor.sum()) for tensor in parts["test"].inputs.values())
        program = (
            "from pathlib import Path; from valpnas.training.shared_rows import SharedRows; "
            f"test = SharedRows(Path({str(rows.path)!r}), {dict(rows.places)!r}).load()['test']; "
            "print(sum(float(tensor.sum()) for tensor in test.inputs.values()))"
        )
        made = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
        assert float(made.stdout) == pytest.approx(total)
    assert not any("valpnas rows" in os.readlink(file) for file in Path("/proc/self/fd").iterdir() if file.exists())


def _no_room(_: str) -> int:
    raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))


def test_no_room_for_a_second_copy_is_said_and_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(os, "memfd_create", _no_room)
    with shared_rows(toy_prepared().parts, said.append) as rows:
        assert rows is None
    (line,) = said
    assert line.startswith("note: no memory that worker processes could share (")

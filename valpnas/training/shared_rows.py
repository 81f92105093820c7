"""Shared rows: prepared data in memory that has a path, so that worker processes of one machine share one copy."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import torch

from valpnas.training.data import TensorPart

_ALIGNMENT = 64  # bytes, as torch allocates: on where a row begins depend the last bits of a product

Place = tuple[int, str, tuple[int, ...]]  # first byte, numpy type, shape


@dataclass(frozen=True)
class SharedRows:
    """Where the tensors of every part lie in the file at ``path``: by part, "inputs" or "targets", and name."""

    path: Path
    places: Mapping[tuple[str, str, str], Place]

    def load(self) -> dict[str, TensorPart]:
        """Map the rows. A page that is written to is no longer shared, and nobody else sees what is written."""
        parts = {part: TensorPart({}, {}) for part, _, _ in self.places}
        for (part, kind, name), (start, dtype, shape) in self.places.items():
            rows = np.memmap(self.path, dtype, "c", start, shape)
            parts[part] = _with(parts[part], kind, name, torch.from_numpy(rows))
        return parts


@contextmanager
def shared_rows(parts: Mapping[str, TensorPart], say: Callable[[str], None]) -> Iterator[SharedRows | None]:
    """Hold ``parts`` in memory for other processes to map, while the context lasts.

    The memory is freed with the last process that has it open or mapped, even when all of them are killed: nothing is
    left behind. None where the system has no such files (they are Linux's), or no room for a second copy, which is
    said; each worker then reads the data itself.
    """
    if not hasattr(os, "memfd_create"):
        yield None
        return
    try:
        file, places = _written(parts)
    except OSError as error:
        why = error.strerror or str(error)
        say(f"note: no memory that worker processes could share ({why}): each of them reads the data itself")
        file, places = None, {}
    if file is None:
        yield None
        return
    with file:
        yield SharedRows(Path(f"/proc/{os.getpid()}/fd/{file.fileno()}"), places)


def _written(parts: Mapping[str, TensorPart]) -> tuple[IO[bytes] | None, dict[tuple[str, str, str], Place]]:
    """Return a file in memory that holds the rows, and where each tensor lies; raises ``OSError`` when it cannot be."""
    places: dict[tuple[str, str, str], Place] = {}
    with ExitStack() as stack:
        file = stack.enter_context(open(os.memfd_create("valpnas rows"), "wb"))
        for part, rows in parts.items():
            for kind, tensors in (("inputs", rows.inputs), ("targets", rows.targets)):
                for name, tensor in tensors.items():
                    array = np.ascontiguousarray(tensor.numpy())
                    file.seek(-file.tell() % _ALIGNMENT, os.SEEK_CUR)
                    places[part, kind, name] = (file.tell(), array.dtype.str, array.shape)
                    file.write(array.data)
        file.flush()
        stack.pop_all()
    return file, places


def _with(part: TensorPart, kind: str, name: str, tensor: torch.Tensor) -> TensorPart:
    inputs, targets = dict(part.inputs), dict(part.targets)
    (inputs if kind == "inputs" else targets)[name] = tensor
    return TensorPart(inputs, targets)

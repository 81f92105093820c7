"""Shared rows: prepared data in memory that has a path, so that worker processes of one machine share one copy."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

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
def shared_rows(parts: Mapping[str, TensorPart]) -> Iterator[SharedRows | None]:
    """Hold ``parts`` in memory for other processes to map, while the context lasts.

    The memory is freed with the last process that has it open or mapped, even when all of them are killed: nothing is
    left behind. None where the system has no such files (they are Linux's); each worker then reads the data itself.
    """
    if not hasattr(os, "memfd_create"):
        yield None
        return
    places: dict[tuple[str, str, str], Place] = {}
    with open(os.memfd_create("valpnas rows"), "wb") as file:
        for part, rows in parts.items():
            for kind, tensors in (("inputs", rows.inputs), ("targets", rows.targets)):
                for name, tensor in tensors.items():
                    array = np.ascontiguousarray(tensor.numpy())
                    file.seek(-file.tell() % _ALIGNMENT, os.SEEK_CUR)
                    places[part, kind, name] = (file.tell(), array.dtype.str, array.shape)
                    file.write(array.data)
        file.flush()
        yield SharedRows(Path(f"/proc/{os.getpid()}/fd/{file.fileno()}"), places)


def _with(part: TensorPart, kind: str, name: str, tensor: torch.Tensor) -> TensorPart:
    inputs, targets = dict(part.inputs), dict(part.targets)
    (inputs if kind == "inputs" else targets)[name] = tensor
    return TensorPart(inputs, targets)

"""Fitting: how what a yardstick needs is fitted once, and where it is kept for the next run."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

Tensors = Mapping[str, Tensor]

_DIGEST = "sha256"


@dataclass(frozen=True)
class Fitting:
    """The folder that keeps what was fitted (none: nothing is kept), and whether to show progress."""

    folder: Path | None = None
    quiet: bool = True

    def kept(self, key: str, fit: Callable[[], Tensors]) -> Tensors:
        """Return the tensors kept under ``key``; where there are none, or damaged ones, ``fit`` them and keep them.

        A folder that cannot be written costs the time of fitting again, and is no reason to stop.
        """
        if self.folder is None:
            return fit()
        path = self.folder / f"{key}.safetensors"
        found = _load(path)
        if found is None:
            found = fit()
            with suppress(OSError):
                _save(path, found)
        return found


UNKEPT = Fitting()


def _load(path: Path) -> Tensors | None:
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
            whole = (file.metadata() or {}).get(_DIGEST) == _digest(tensors)
    except (OSError, SafetensorError):
        return None
    return tensors if whole else None


def _save(path: Path, tensors: Tensors) -> None:
    """Write at once or not at all: another process may be fitting the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        save_file(dict(tensors), partial, {_DIGEST: _digest(tensors)})
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _digest(tensors: Tensors) -> str:
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name}{tuple(tensor.shape)}{tensor.dtype}".encode())
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()

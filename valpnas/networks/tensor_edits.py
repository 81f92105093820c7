"""TensorEdits: the tensors of one network while it is changed, with the origin of each kept up to date."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from valpnas.contracts.inheritance import gather
from valpnas.contracts.model import Origin
from valpnas.contracts.network_kind import Grown
from valpnas.graph.spec import Spec


class TensorEdits:
    """A working copy of a network's tensors; the originals are never written to."""

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        """Start from ``tensors``, each its own origin."""
        self.tensors: dict[str, Tensor] = dict(tensors)
        self.origins: dict[str, Origin] = {name: Origin(name, (None,) * t.dim()) for name, t in tensors.items()}

    def take(self, name: str, dimension: int, index: np.ndarray) -> None:
        """Re-index one dimension: entry ``i`` becomes the old ``index[i]``, or a new zero where that is -1."""
        dimension %= self.tensors[name].dim()
        asked = tuple(index if d == dimension else None for d in range(self.tensors[name].dim()))
        self.tensors[name] = gather(self.tensors[name], asked)
        if name in self.origins:
            self.origins[name] = compose(self.origins[name], asked)

    def overwrite(self, name: str, tensor: Tensor) -> None:
        """Give ``name`` other values of the same shape; its origin, and so its optimiser state, stays."""
        self.tensors[name] = tensor

    def put(self, name: str, tensor: Tensor) -> None:
        """Add a new tensor, or replace one by a new one."""
        self.tensors[name] = tensor
        self.origins.pop(name, None)

    def drop(self, *names: str) -> None:
        """Remove tensors."""
        for name in names:
            del self.tensors[name]
            self.origins.pop(name, None)

    def rename(self, prefix: str, instead: str) -> None:
        """Rename every tensor that begins with ``prefix``."""
        for name in [n for n in self.tensors if n.startswith(prefix)]:
            self._move(name, instead + name.removeprefix(prefix))

    def drop_path(self, path: str) -> None:
        """Remove every tensor of a path, its row blocks of the sources included."""
        self.drop(*self._of_path(path))

    def rename_path(self, path: str, instead: str) -> None:
        """Rename a path in all its tensors."""
        if path == instead:
            return
        for name in self._of_path(path):
            self._move(
                name,
                name.replace(f"{path}.", f"{instead}.", 1) if name.startswith(path) else name[: -len(path)] + instead,
            )

    def new_entries(self, name: str) -> Tensor:
        """Return a mask, of the tensor's shape, of entries that no parent had."""
        tensor = self.tensors[name]
        if name not in self.origins:
            return torch.ones_like(tensor, dtype=torch.bool)
        mask = torch.zeros_like(tensor, dtype=torch.bool)
        for dimension, index in enumerate(self.origins[name].index):
            if index is not None:
                shape = [-1 if d == dimension else 1 for d in range(tensor.dim())]
                mask |= torch.as_tensor(index < 0, device=tensor.device).reshape(shape)
        return mask

    def grown(self, spec: Spec) -> Grown:
        """Return the result with its new spec."""
        return Grown(spec, self.tensors, self.origins)

    def _of_path(self, path: str) -> list[str]:
        at_input = [n for n in self.tensors if n.startswith("sources.") and n.endswith(f".{path}")]
        return at_input + [n for n in self.tensors if n.startswith(f"{path}.")]

    def _move(self, name: str, instead: str) -> None:
        self.tensors[instead] = self.tensors.pop(name)
        if (origin := self.origins.pop(name, None)) is not None:
            self.origins[instead] = origin


def compose(origin: Origin, index: tuple[np.ndarray | None, ...]) -> Origin:
    """Return the origin of a tensor that was re-indexed once more, ``index`` reading as in ``Origin``."""
    before = origin.index or (None,) * len(index)
    later = index or (None,) * len(before)
    return Origin(origin.tensor, tuple(map(_after, before, later)), origin.parent)


def _after(before: np.ndarray | None, later: np.ndarray | None) -> np.ndarray | None:
    if before is None or later is None:
        return later if before is None else before
    return np.where(later < 0, -1, before[np.maximum(later, 0)])

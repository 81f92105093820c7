"""Data: a problem's four parts, pre-processed and resident on the device."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from valpnas.contracts.problem import PARTS, Array, Part, Parts, Problem, Reader, check_part
from valpnas.errors import blamed
from valpnas.graph.tasks import Classification
from valpnas.training.transforms import Transforms, fit_transforms


@dataclass(frozen=True, eq=False)
class TensorPart:
    """Rows as tensors: inputs and targets by name; class targets are int64, everything else float32."""

    inputs: Mapping[str, Tensor]
    targets: Mapping[str, Tensor]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(next(iter(self.inputs.values())))


@dataclass(frozen=True, eq=False)
class Prepared:
    """A problem ready to train on: its transforms, and its parts on the device."""

    problem: Problem
    transforms: Transforms
    parts: Mapping[str, TensorPart]
    device: torch.device
    fingerprint: str

    @property
    def train(self) -> TensorPart:
        """Rows that train."""
        return self.parts["train"]


def prepare(problem: Problem, reader: Reader, device: torch.device) -> Prepared:
    """Load, check and pre-process ``problem`` and put it on ``device``.

    Raises:
        DataError: missing, altered or malformed data.
        PluginError: the problem's own code raised something, or returned something else than parts.
    """
    parts = _loaded(problem, reader)
    for name in PARTS:
        check_part(problem.inputs, problem.outputs, getattr(parts, name))
    transforms = fit_transforms(problem, parts.train)
    tensors = {name: _to_device(problem, transforms.apply(getattr(parts, name)), device) for name in PARTS}
    return Prepared(problem, transforms, tensors, device, fingerprint(parts))


def _loaded(problem: Problem, reader: Reader) -> Parts:
    with blamed(f"problem {problem.name!r}, loading its data,", "mend the problem"):
        parts = problem.load(reader)
        if not isinstance(parts, Parts):
            raise TypeError(f"expected Parts, got {type(parts).__name__}")
    return parts


def fingerprint(parts: Parts) -> str:
    """Return a digest of every array of every part; a resumed run checks that its data are the same."""
    digest = hashlib.sha256()
    for name in PARTS:
        part: Part = getattr(parts, name)
        for key, value in [*sorted(part.inputs.items()), *sorted(part.targets.items())]:
            digest.update(f"{name}/{key}{value.shape}{value.dtype}".encode())
            digest.update(np.ascontiguousarray(value).reshape(-1).view(np.uint8).data)  # no copy: images are large
    return digest.hexdigest()[:32]


def _to_device(problem: Problem, part: Part, device: torch.device) -> TensorPart:
    classes = {o.name for o in problem.outputs if isinstance(o.task, Classification)}
    return TensorPart(
        {name: _tensor(value, torch.float32, device) for name, value in part.inputs.items()},
        {
            name: _tensor(v, torch.int64 if name in classes else torch.float32, device)
            for name, v in part.targets.items()
        },
    )


def _tensor(value: Array, dtype: torch.dtype, device: torch.device) -> Tensor:
    return torch.as_tensor(np.ascontiguousarray(value)).to(device=device, dtype=dtype)

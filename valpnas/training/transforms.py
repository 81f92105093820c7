"""Transforms: the closed list of numeric pre-processing steps, fitted by scikit-learn and kept as JSON.

Today the list has one entry, standardisation, for inputs of kind "table" and for regression targets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.preprocessing import StandardScaler

from valpnas.contracts.problem import Array, Part, Problem
from valpnas.graph.tasks import Regression


@dataclass(frozen=True)
class Standardise:
    """``(value - mean) / scale`` per column; ``scale`` is 1 for a constant column."""

    mean: tuple[float, ...]
    scale: tuple[float, ...]

    def forward(self, value: Array) -> Array:
        """Standardise ``(n, d)`` values."""
        standardised: Array = ((value.astype(np.float64) - self.mean) / self.scale).astype(np.float32)
        return standardised

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return {"transform": "standardise", "mean": list(self.mean), "scale": list(self.scale)}


@dataclass(frozen=True)
class Transforms:
    """The transform of each input and target that has one."""

    inputs: Mapping[str, Standardise]
    targets: Mapping[str, Standardise]

    def apply(self, part: Part) -> Part:
        """Return the rows as the model sees them."""
        return Part(_apply(self.inputs, part.inputs), _apply(self.targets, part.targets))

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Transforms:
        """Read what ``to_json`` wrote."""
        return Transforms(_read(data["inputs"]), _read(data["targets"]))

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data; ``from_json`` gives back equal transforms."""
        return {
            "inputs": {name: transform.to_json() for name, transform in self.inputs.items()},
            "targets": {name: transform.to_json() for name, transform in self.targets.items()},
        }


def fit_transforms(problem: Problem, train: Part) -> Transforms:
    """Fit the transforms that ``problem`` needs on its training rows."""
    return Transforms(
        {i.name: _fit(train.inputs[i.name]) for i in problem.inputs if i.kind == "table" and len(i.shape) == 1},
        {o.name: _fit(train.targets[o.name]) for o in problem.outputs if isinstance(o.task, Regression)},
    )


def _read(data: Mapping[str, Any]) -> dict[str, Standardise]:
    return {name: Standardise(tuple(step["mean"]), tuple(step["scale"])) for name, step in data.items()}


def _fit(values: Array) -> Standardise:
    fitted = StandardScaler().fit(values.astype(np.float64))
    return Standardise(tuple(map(float, fitted.mean_)), tuple(map(float, fitted.scale_)))


def _apply(transforms: Mapping[str, Standardise], values: Mapping[str, Array]) -> dict[str, Array]:
    return {name: transforms[name].forward(value) if name in transforms else value for name, value in values.items()}

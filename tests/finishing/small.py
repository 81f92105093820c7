"""A small run with cells: images of 8x8, bright on the left or on the right, and a search that changes operations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from valpnas import catalog
from valpnas.cell_training import CellStack
from valpnas.contracts.problem import Part, Parts, Problem
from valpnas.contracts.space import Space
from valpnas.finishing.long_training import LongTraining
from valpnas.graph.tasks import Classification
from valpnas.graph.valp import Input, Output
from valpnas.opened_run import Run
from valpnas.run import design

CELL = "[(-2, '3x3 conv', -1, '2x2 maxpool')]"
STACK = CellStack(CELL, filters=4, motifs=2, normal_cells=1)
QUICK = LongTraining(epochs=2, batch_size=40, device="cpu", quiet=True, report=False)


def images(rows: int = 200) -> Problem:
    rng = np.random.default_rng(0)
    pixels, label = rng.random((rows, 1, 8, 8)).astype(np.float32), np.arange(rows) % 2
    pixels[label == 1, :, :, 4:] *= 0.5
    vertices, outputs = [Input("pixels", (1, 8, 8), "image")], [Output("side", Classification(2))]
    parts = Parts.split(Part({"pixels": pixels}, {"side": label}), 0)
    return Problem.from_parts("sides", "made up", vertices, outputs, parts)


def searched(path: Path, stack: CellStack = STACK, steps: int = 3, **more: Any) -> Run:
    """A hill climbing from one cell that changes nothing but operations."""
    others = [name for name in catalog.operators(Space()) if not name.startswith("change_operation")]
    settings: dict[str, Any] = {
        "start": "single", "network": stack.network(images()), "steps": steps, "chooser": "random", "without": others,
        "initial_batches": 6, "batches_per_step": 3, "batch_size": 30, "device": "cpu", "report": False,
        "schedule": "constant", "algorithm": "adamw", "learning_rate": 0.01,
    }  # fmt: skip
    return design(images(), out=str(path), **{**settings, **more})

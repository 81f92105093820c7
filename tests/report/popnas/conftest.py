"""Small runs of searches of cells, each trained once: one that expects something of its cells, and two that do not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.search.popnas.fakes import images
from valpnas.opened_run import Run
from valpnas.run import design

CELLS: dict[str, Any] = {
    **{"operations": ["identity", "3x3 conv"], "blocks": 3, "epochs": 1},
    **{"filters": 2, "motifs": 1, "normal_cells": 1},
}
PREDICTED = {"score_predictor": "lstm-plain", "cost_predictor": "nnls", "children": 3, "exploration": 1}


def make(path: Path, search: str, cells: dict[str, Any], **settings: Any) -> Run:
    """Search on small made-up images."""
    given = {"device": "cpu", "seed": 3, "report": False, **settings}
    return design(images(), out=str(path), search=search, cell_search={**CELLS, **cells}, **given)


@pytest.fixture(scope="package")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Three rounds of POPNAS, which weighs seconds and parameters."""
    path = tmp_path_factory.mktemp("cells") / "popnas"
    return make(path, "popnas", {**PREDICTED, "costs": ["seconds", "parameters"]})


@pytest.fixture(scope="package")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Six cells at random."""
    return make(tmp_path_factory.mktemp("cells") / "random", "cell-random", {"networks": 6})

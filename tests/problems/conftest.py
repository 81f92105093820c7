"""The folder of real data, for tests marked ``data``."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from valpnas.contracts.problem import Reader


@pytest.fixture
def data_reader() -> Reader:
    """A reader of the folder that VALPNAS_DATA names; the test is skipped where there is none."""
    folder = os.environ.get("VALPNAS_DATA", "")
    if not folder:
        pytest.skip("VALPNAS_DATA is not set: real data sets are not tested")
    if not Path(folder).is_dir():
        pytest.skip(f"VALPNAS_DATA names {folder}, which is no folder: real data sets are not tested")
    return Reader(Path(folder))

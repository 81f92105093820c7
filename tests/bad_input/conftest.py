"""A whole run, and a copy of it to be damaged."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.store.small_runs import make


@pytest.fixture(scope="package")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whole") / "run"
    make(path)
    return path


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    """A folder with a copy of a run, to be damaged."""
    shutil.copytree(whole, tmp_path / "run")
    return tmp_path

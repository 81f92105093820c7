"""Fixtures of the architecture tests: the real sources, and trees with a planted violation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from .sources import ROOT, Source, read_sources

Plant = Callable[[dict[str, str]], Path]


@pytest.fixture(scope="session")
def sources() -> list[Source]:
    """Every file that is shipped."""
    return read_sources(ROOT)


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    """Write files into a temporary tree, whose root comes back."""

    def write(files: dict[str, str]) -> Path:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return tmp_path

    return write


@pytest.fixture
def plant_sources(plant: Plant) -> Callable[[dict[str, str]], list[Source]]:
    """Write files into a temporary tree and read them as sources."""
    return lambda files: read_sources(plant(files))

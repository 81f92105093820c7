"""What tests of executors share: children that find the tests' modules, and a Ray of their own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _children_find_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind everything else: the repository's own valpnas/ must not hide the one that is tested."""
    monkeypatch.setattr(sys, "path", [*sys.path, str(ROOT)])


@pytest.fixture
def _ray(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Skip where there is no Ray; what it starts finds the tests' modules, and is gone at the end."""
    if find_spec("ray") is None:
        pytest.skip("Ray is not installed (valpnas[ray]): that executor is not tested")
    import ray

    monkeypatch.setenv("PYTHONPATH", ":".join(sys.path))
    monkeypatch.setenv("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    yield
    ray.shutdown()

"""A kill, or a full disk, at every single step of writing: resumed, the run is the one that was never disturbed."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from valpnas.errors import StoreError
from valpnas.testing.runs import contents, events

from .disk_images import disk_full_at, images_of
from .small_runs import go_on, make, make_or_go_on, weight_files


@pytest.fixture(scope="module")
def unkilled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    path = tmp_path_factory.mktemp("unkilled") / "run"
    make(path)
    return contents(path)


def test_a_kill_at_any_step_leaves_no_trace(tmp_path: Path, unkilled: dict[str, Any]) -> None:
    """Between any two writes and within any one; the half-written file of a killed run costs no disk either."""
    images = images_of(partial(make, tmp_path / "run"), tmp_path / "run", tmp_path)
    steps = {image.name.split()[1] for image in images}
    assert steps == {"fsync", "torn", "mkdir", "replace", "unlink"}
    assert len(images) > 60, "expected the whole run to be covered"
    for image in images:
        make_or_go_on(image)
        assert contents(image) == unkilled, image
        assert weight_files(image) == weight_files(tmp_path / "run"), image


@pytest.mark.parametrize("seed", range(3))
def test_kills_again_and_again_leave_no_trace(tmp_path: Path, unkilled: dict[str, Any], seed: int) -> None:
    """Killed while it starts, killed while it resumes, killed while it resumes that."""
    rng = np.random.default_rng(seed)
    path = tmp_path / "run"
    for again in range(4):
        images = images_of(partial(make_or_go_on, path), path, tmp_path / f"album {again}")
        if images:
            path = images[int(rng.integers(len(images) // 2))]  # the earlier half: something is left to be done
    make_or_go_on(path)
    assert contents(path) == unkilled


def test_a_kill_while_the_budget_is_raised_leaves_no_trace(tmp_path: Path) -> None:
    """Whether the raise itself is struck, or the steps after it."""
    path = tmp_path / "run"
    make(path)
    images = images_of(partial(go_on, path, steps=4), path, tmp_path)
    for image in images:
        go_on(image, steps=4)
        assert contents(image) == contents(path), image


def test_a_budget_raised_in_mid_run_voids_what_was_under_way(tmp_path: Path) -> None:
    """A proposal without a result was made under another schedule; what has a result stands."""
    images = images_of(partial(make, tmp_path / "run"), tmp_path / "run", tmp_path)
    begun = [image for image in images[::3] if (image / "journal.jsonl").exists()]
    for image in begun:
        before = events(image) if not image.name.endswith("torn") else []
        go_on(image, steps=4)
        told = events(image)
        assert told[: len(before)] == before
        assert [event["steps"] for event in told if event["event"] == "budget"] == [4]
        results = [event["candidate"] for event in told if event["event"] in {"trained", "failed"}]
        assert results == sorted(set(results)), "a candidate has one result"
        assert told[-1] == {"event": "ended"}
    assert len(begun) > 10


@pytest.mark.parametrize("at", [2, 5, 9, 14, 20, 27, 33, 40])
def test_a_full_disk_loses_nothing_recorded(tmp_path: Path, unkilled: dict[str, Any], at: int) -> None:
    """The complaint is one line that says what to do; the run goes on once there is room."""
    path = tmp_path / "run"
    with disk_full_at(at), pytest.raises(StoreError) as error:
        make(path)
    assert "No space left on device" in str(error.value)
    assert "free some space and resume the run" in str(error.value)
    assert "\n" not in str(error.value)
    recorded = events(path) if (path / "journal.jsonl").exists() else []
    assert recorded == unkilled["journal"][: len(recorded)]
    make_or_go_on(path)
    assert contents(path) == unkilled

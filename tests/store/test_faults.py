"""A kill, or a full disk, at every single step of writing: resumed, the run is the one that was never disturbed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import count, takewhile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from valpnas.errors import StoreError

from .faults import Faults, Killed, disk_full, planted
from .small_runs import contents, events, go_on, make, make_or_go_on, weight_files


def disturbed(faults: Faults, work: Callable[[], object]) -> bool:
    """Do ``work`` under ``faults`` and say whether one came to pass."""
    with planted(faults):
        try:
            work()
        except (Killed, StoreError):
            assert faults.happened
    return faults.happened


@pytest.fixture(scope="module")
def unkilled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    path = tmp_path_factory.mktemp("unkilled") / "run"
    make(path)
    return contents(path)


def every_fault(tmp_path: Path, error: type[BaseException] | Callable[[], BaseException], torn: bool) -> Iterator[Path]:
    """Yield a disturbed run directory for every step at which a run can be disturbed."""
    paths = ((tmp_path / str(at), Faults(at, error, torn)) for at in count(1))
    for path, _ in takewhile(lambda each: disturbed(each[1], partial(make, each[0])), paths):
        yield path


@pytest.mark.parametrize("torn", [False, True], ids=["between writes", "within a write"])
def test_a_kill_at_any_step_leaves_no_trace(tmp_path: Path, unkilled: dict[str, Any], torn: bool) -> None:
    killed = 0
    for killed, path in enumerate(every_fault(tmp_path, Killed, torn), start=1):
        make_or_go_on(path)
        assert contents(path) == unkilled, f"killed at step {killed}"
    assert killed > 40, "expected the whole run to be covered"


def test_a_full_disk_at_any_step_loses_nothing_recorded(tmp_path: Path, unkilled: dict[str, Any]) -> None:
    told: list[dict[str, Any]] = unkilled["journal"]
    for path in every_fault(tmp_path, disk_full, torn=True):
        recorded = events(path) if (path / "journal.jsonl").exists() else []
        assert recorded == told[: len(recorded)]
        make_or_go_on(path)
        assert contents(path) == unkilled


def test_a_full_disk_is_said_in_one_line_with_what_to_do(tmp_path: Path) -> None:
    for at in (3, 20, 40):
        with planted(Faults(at, disk_full)), pytest.raises(StoreError) as error:
            make(tmp_path / str(at))
        assert "No space left on device" in str(error.value)
        assert "free some space and resume the run" in str(error.value)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("seed", range(12))
def test_kills_again_and_again_leave_no_trace(tmp_path: Path, unkilled: dict[str, Any], seed: int) -> None:
    """Killed while it starts, killed while it resumes, killed while it resumes that."""
    rng = np.random.default_rng(seed)
    path = tmp_path / "run"
    while disturbed(Faults(int(rng.integers(1, 20)), Killed, bool(rng.integers(2))), partial(make_or_go_on, path)):
        pass
    assert contents(path) == unkilled


@pytest.mark.parametrize("torn", [False, True], ids=["between writes", "within a write"])
def test_a_kill_while_the_budget_is_raised_leaves_no_trace(tmp_path: Path, torn: bool) -> None:
    """Whether the raise itself, the tidying up before it or the steps after it are struck."""
    make(tmp_path / "twin")
    go_on(tmp_path / "twin", steps=5)
    for at in count(1):
        path = tmp_path / str(at)
        make(path)
        if not disturbed(Faults(at, Killed, torn), partial(go_on, path, steps=5)):
            break
        go_on(path, steps=5)
        assert contents(path) == contents(tmp_path / "twin"), f"killed at step {at}"


def test_a_kill_in_mid_run_does_not_stop_the_budget_from_being_raised(tmp_path: Path) -> None:
    """A proposal without a result is void once the schedule it was made under is another."""
    for at in (25, 27, 29, 31, 33):
        path = tmp_path / str(at)
        assert disturbed(Faults(at, Killed), partial(make, path))
        before = events(path)
        for again in count(1):
            if not disturbed(Faults(again, Killed), partial(go_on, path, steps=6)):
                break
        assert events(path)[: len(before)] == before
        assert events(path)[-1] == {"event": "ended"}
        assert sum(event["event"] == "budget" for event in events(path)) == 1


def test_nothing_is_left_behind_in_the_weights_folder(tmp_path: Path) -> None:
    """A half-written file of a killed run is swept away, or every kill would cost disk."""
    make(tmp_path / "unkilled")
    for path in every_fault(tmp_path, Killed, torn=True):
        make_or_go_on(path)
        assert weight_files(path) == weight_files(tmp_path / "unkilled")

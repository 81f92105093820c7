"""A disk that fills up, for real: one line, a whole journal, and a run that goes on once there is room."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import tomli_w

from tests.store.small_runs import BUDGET, SPACE
from tests.test_cli import valpnas
from valpnas.testing.runs import contents, events

from .cases import assert_refused
from .processes import PROBLEM, program


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of two megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)]
    mounted = subprocess.run(mount, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"mounting is not permitted here: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def pages(folder: Path) -> int:
    """How many blocks of 4 KiB the files below ``folder`` take."""
    return sum(-(-path.stat().st_size // 4096) for path in folder.rglob("*") if path.is_file())


def fill(disk: Path, left: int) -> None:
    """Leave so many blocks of 4 KiB on the disk."""
    stat = os.statvfs(disk)
    (disk / "ballast").write_bytes(b"\1" * (stat.f_bavail * stat.f_frsize - left * 4096))


def test_a_full_disk_stops_a_run_that_goes_on_when_there_is_room(tmp_path: Path, disk: Path) -> None:
    settings = {"problem": PROBLEM, "device": "cpu", "chooser": "random", "seed": 3, "quiet": True, "report": False}
    (tmp_path / "a.toml").write_text(tomli_w.dumps({**settings, **BUDGET, "space": SPACE}))
    assert valpnas("run", "a.toml", "--out", "whole", folder=tmp_path).returncode == 0
    wanted = contents(tmp_path / "whole")
    fill(disk, left=int(0.7 * pages(tmp_path / "whole")))
    full = program("run", "a.toml", "--out", disk / "run", folder=tmp_path)
    assert_refused(full, "cannot write .*: No space left on device; nothing recorded is lost: free some space and res")
    assert (disk / "run" / "journal.jsonl").read_text().endswith("\n")
    recorded = events(disk / "run")
    assert 0 < len(recorded) < len(wanted["journal"])
    assert recorded == wanted["journal"][: len(recorded)]
    subprocess.run(["mount", "-o", "remount,size=4m", str(disk)], check=True)
    assert valpnas("resume", disk / "run", "--quiet", folder=tmp_path).returncode == 0
    assert contents(disk / "run") == wanted

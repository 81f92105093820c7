"""kill -9, twice in a row: really killed and really resumed processes leave the run that was never disturbed."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from valpnas.run import design
from valpnas.testing.runs import contents, events

PROGRAM = [sys.executable, "-P", "-c", "from valpnas.cli import main; main()"]
BUDGET = {"initial_batches": 12, "batches_per_step": 6, "device": "cpu"}
RULES = {
    "guided": {"accept": "majority", "rejected": "train-parent", "steps": 6},
    "random": {"accept": "archive", "steps": 6},
    "train-only": {"accept": "dominates", "steps": 6},
    "nsga2": {"search": "nsga2", "chooser": "guided", "population": 6, "generations": 1},
}


def flags(settings: dict[str, Any]) -> list[str]:
    """Return settings as words of a command line."""
    return [word for key, value in settings.items() for word in (f"--{key.replace('_', '-')}", str(value))]


def lines(path: Path) -> int:
    """Count the journal's whole lines so far."""
    file = path / "journal.jsonl"
    return file.read_bytes().count(b"\n") if file.exists() else 0


def killed(command: list[str], path: Path, reached: int, delay: float) -> bool:
    """Start ``command`` and kill it ``delay`` seconds after the journal has ``reached`` lines; say if it was alive."""
    process = subprocess.Popen([*PROGRAM, *command, "--quiet"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    while process.poll() is None and lines(path) < reached:
        time.sleep(0.002)
    time.sleep(delay)
    alive = process.poll() is None
    process.kill()
    _, complaint = process.communicate()
    assert alive or process.returncode == 0, complaint.decode()
    return alive


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", RULES)
def test_a_run_killed_twice_is_the_run_that_was_not(name: str, tmp_path: Path) -> None:
    """Killed at a random instant, resumed, killed again, resumed to the end."""
    rng = np.random.default_rng(sorted(RULES).index(name))
    settings: dict[str, Any] = {**BUDGET, "chooser": name, **RULES[name]}
    design("digits", out=str(tmp_path / "whole"), **settings)
    path = tmp_path / "killed"
    total = len(events(tmp_path / "whole"))
    first, second = sorted(int(n) for n in rng.choice(np.arange(1, total - 3), 2, replace=False))
    assert killed(["run", "digits", *flags(settings), "--out", str(path)], path, first, float(rng.uniform(0, 0.02)))
    killed(["resume", str(path)], path, second, float(rng.uniform(0, 0.02)))
    subprocess.run([*PROGRAM, "resume", str(path), "--quiet"], check=True, stdout=subprocess.DEVNULL)
    assert contents(path) == contents(tmp_path / "whole")

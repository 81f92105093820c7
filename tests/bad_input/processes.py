"""The program as a process of its own, with what a test needs done before it begins."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.test_cli import Done

ROOT = Path(__file__).parents[2]
PROBLEM = "tests.store.small_runs:small_problem"
_MAIN = "from valpnas.cli import main; main()"


def start(*words: str | Path, folder: Path, first: str = "") -> subprocess.Popen[str]:
    """Start the program in ``folder``; ``first`` is Python that is run before it."""
    path = os.pathsep.join([str(ROOT), *filter(None, sys.path)])
    environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-c", f"{first}\n{_MAIN}", *map(str, words)],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def program(*words: str | Path, folder: Path, first: str = "") -> Done:
    """Run the program in ``folder`` to its end."""
    process = start(*words, folder=folder, first=first)
    out, err = process.communicate(timeout=120)
    return Done(process.returncode, out, err)

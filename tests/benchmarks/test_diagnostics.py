"""The benchmark of the diagnostics prints every one of them, and notices when they take too long."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from valpnas.diagnostics import DIAGNOSTICS

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "diagnostics.py"
SMALL = ["digits", "--networks", "3", "--batches", "10", "--looks", "1"]


def test_every_diagnostic_is_timed() -> None:
    made = subprocess.run([sys.executable, str(BENCHMARK), *SMALL], capture_output=True, text=True)
    assert not made.stderr, made.stderr
    head, *rows = made.stdout.strip().splitlines()
    assert head.startswith("digits, 3 sub-networks: a step of 1000 batches takes ")
    assert [row.split()[0] for row in rows] == [*(entry.name for entry in DIAGNOSTICS), "all"]
    assert all(row.endswith("%") for row in rows)


def test_too_much_is_noticed() -> None:
    begin = "import sys; sys.path.insert(0, sys.argv[1]); import diagnostics as d; d.MOST = 0.0; sys.argv = ['x', *"
    program = f"{begin}{SMALL}]; d.main()"
    made = subprocess.run([sys.executable, "-c", program, str(BENCHMARK.parent)], capture_output=True, text=True)
    assert made.returncode == 1, made.stderr

"""Too little memory, for real: a candidate that cannot be had fails alone; a start that cannot be had is one line."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from valpnas.testing.runs import events

from .cases import assert_refused
from .processes import PROBLEM, program

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits of address space are Linux's")

# The limit leaves half a gigabyte beyond what the program has once everything is imported.
LIMITED = """
import resource
from pathlib import Path
import valpnas.run
import tests.bad_input.vast
pages = int(Path("/proc/self/statm").read_text().split()[0])
limit = pages * resource.getpagesize() + 2**29
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
"""
BUDGET = ("--initial-batches", "2", "--batches-per-step", "2", "--device", "cpu", "--quiet")


def test_a_candidate_that_cannot_be_allocated_fails_alone(tmp_path: Path) -> None:
    """Whether its weights cannot be made or its training has no room: the search goes on and the others are fine."""
    here = "tests.bad_input.vast"
    (tmp_path / "vast.toml").write_text(
        f'problem = "{PROBLEM}"\nsteps = 3\nstart = "random"\nout = "run"\n'
        f'chooser = "{here}:InTurn"\noperators = ["{here}:Vast"]\n'
        '[space]\nmin_width = 3\nmax_width = 6\n'
    )  # fmt: skip
    done = program("run", "vast.toml", *BUDGET, folder=tmp_path, first=LIMITED)
    assert (done.returncode, done.stderr) == (0, "")
    told = {e["candidate"]: e for e in events(tmp_path / "run") if e["event"] in {"trained", "failed"}}
    assert [told[candidate]["event"] for candidate in sorted(told)] == ["trained", "failed", "failed", "trained"]
    for candidate in (1, 2):
        assert told[candidate]["reason"].startswith("out of memory: ")
        assert "\n" not in told[candidate]["reason"]
    assert events(tmp_path / "run")[-1]["event"] == "ended"


def test_a_start_that_cannot_be_allocated_is_refused(tmp_path: Path) -> None:
    words = ("run", PROBLEM, "--start", "wide", "--start-parameters", "2000000000", "--out", "run", *BUDGET)
    done = program(*words, folder=tmp_path, first=LIMITED)
    assert_refused(done, "expected memory for a start of [12],[0-9,]+ weights, got none .*; lower start_parameters")


def test_starts_that_cannot_be_trained_say_why(tmp_path: Path) -> None:
    """Their weights find room, what training needs beside them does not."""
    words = ("run", PROBLEM, "--start", "wide", "--start-parameters", "27000000", "--out", "run", *BUDGET)
    done = program(*words, folder=tmp_path, first=LIMITED)
    assert_refused(done, "5 starts failed one after the other, the last: out of memory: .*; lower")
    assert [event["event"] for event in events(tmp_path / "run")].count("failed") == 5

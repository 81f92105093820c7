"""The benchmark of donation: it reports what it trained, and counts it."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

from tests.store.small_runs import settings_of
from valpnas.run import design

DONATION = Path(__file__).parents[2] / "benchmarks" / "donation.py"


def test_donations_are_made_between_kept_models_and_counted(tmp_path: Path) -> None:
    settings = settings_of(search="nsga2", population=6, generations=1, space={}, batch_size=100)
    run = design("digits", **settings, out=str(tmp_path / "run"))
    command = [
        sys.executable,
        str(DONATION),
        str(run.path),
        "--batches",
        "2",
        "--repeats",
        "2",
        "--csv",
        str(tmp_path / "rows.csv"),
    ]
    made = subprocess.run(command, capture_output=True, text=True, check=True)
    rows = list(csv.DictReader((tmp_path / "rows.csv").read_text(encoding="utf-8").splitlines()))
    assert rows
    assert all(row["host"] != row["donor"] for row in rows)
    assert all(float(row["best"]) <= float(row["median"]) <= float(row["worst"]) for row in rows)
    weak, others = ([row for row in rows if row["weak"] == str(kind)] for kind in (True, False))
    assert len({row["host"] for row in rows}) == len(weak)
    assert len(others) == 2 * len(weak), "digits has three outputs"
    better = sum(float(row["donated"]) < float(row["before"]) for row in weak)
    worse = sum(float(row["donated"]) > float(row["worst"]) for row in others)
    assert f"weak output (*) better than before: {better} of {len(weak)}" in made.stdout
    assert f"worse beyond the noise of no change: {worse} of {len(others)}" in made.stdout

"""The benchmark of the engines: its VALPs are those committed, its contenders train, and it says what is too slow."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
NETWORKS = {"digits-6": 6, "digits-14": 14, "fashion-mnist-6": 6, "fashion-mnist-14": 14, "fashion-mnist-cell": 6}


@pytest.fixture(scope="module")
def modules() -> tuple[Any, Any]:
    """The benchmark and its contenders."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        return importlib.import_module("engine"), importlib.import_module("engine_contenders")


def test_every_case_is_a_committed_valp(modules: tuple[Any, Any]) -> None:
    engine, contenders = modules
    assert set(engine.CASES) == {file.stem for file in (BENCHMARKS / "valps").glob("*.json")} == set(NETWORKS)
    for name in engine.CASES:
        case = contenders.Case(name, 50, torch.device("cpu"))
        kinds = [network.spec.kind for network in case.valp.networks]
        assert (len(kinds), case.valp.batch_size) == (NETWORKS[name], 50)
        assert kinds.count("cell") == case.has_cells == name.endswith("cell")


def test_every_contender_trains(modules: tuple[Any, Any]) -> None:
    engine, contenders = modules
    case = contenders.Case("digits-6", 100, torch.device("cpu"))
    for made in engine.sets(case).values():
        assert {"eager", "eager, fused", "floor", "compiled"} <= set(made)
    for name, make in engine.sets(case)["single"].items():
        seconds = engine._seconds(case.device, lambda make=make: make()(2))
        assert seconds > 0, name


def test_what_is_too_slow_is_no_good(modules: tuple[Any, Any]) -> None:
    engine, _ = modules
    row = {"case": "digits-6", "models": "single", "batch": 100, "compile ms": 20.0}
    assert engine._good({**row, "ms": {"eager": 5.0, "compiled": 1.9, "floor": 0.1}})
    assert not engine._good({**row, "ms": {"eager": 5.0, "compiled": 2.1, "floor": 0.1}})
    assert not engine._good({**row, "compile ms": 51.0, "ms": {"eager": 5.0, "compiled": 1.0, "floor": 0.1}})
    row["case"] = "fashion-mnist-6"
    assert engine._good({**row, "ms": {"eager": 5.0, "compiled": 3.0, "floor": 2.0}})
    assert not engine._good({**row, "ms": {"eager": 5.0, "compiled": 3.1, "floor": 2.0}})


def test_it_prints_a_table_and_writes_the_same_figures(tmp_path: Path) -> None:
    """On two batches of each contender, so figures mean nothing here."""
    words = ["--cases", "digits-6", "--quick", "--repeats", "1", "--json", str(tmp_path / "engine.json")]
    command = [sys.executable, str(BENCHMARKS / "engine.py"), *words, "--device", "cpu"]
    made = subprocess.run(command, capture_output=True, text=True)
    assert made.returncode in (0, 1), made.stderr
    rows = json.loads((tmp_path / "engine.json").read_text())["rows"]
    assert [row["models"] for row in rows] == ["single", "16 same", "16 different"]
    for row in rows:
        assert all(milliseconds > 0 for milliseconds in row["ms"].values())
        assert f"  {row['models']}: compiled in" in made.stdout
    assert set(rows[0]["peak MiB"]) == {"eager", "compiled"}

"""Measure the training engines: milliseconds per batch, and how many times as fast as eager PyTorch, side by side.

Contenders are (1) eager PyTorch with its default Adam, (2) the same with fused Adam, (3) a fit by Keras 3 on torch
where keras is installed (``pip install 'valpnas[bench]'``), (4) the floor: the matrix products alone, and the compiled
engine. All take turns in one run; figures are medians of processor times on a CPU, of times waited for on a GPU. A VALP
with a network of cells has rows 1 and 2 only, and images per second.

``python benchmarks/engine.py [--quick] [--json FILE]``. The VALPs are in ``benchmarks/valps/``. The exit code is 1 if a
floor in ``LEAST`` is not reached.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import engine_contenders as contenders
import torch
from engine_contenders import MANY, Batches, Case

from valpnas.training.device import describe_device, resolve_device, small_network_settings

CASES = ("digits-6", "digits-14", "fashion-mnist-6", "fashion-mnist-14", "fashion-mnist-cell")
# (times as fast as eager PyTorch with default Adam, at most so many times the floor): one of the two is enough.
LEAST = {
    ("digits-6", "single"): (2.5, 0.0),
    ("fashion-mnist-6", "single"): (2.0, 1.5),
    ("fashion-mnist-14", "single"): (2.0, 1.5),
    ("digits-6", "16 same"): (4.5, 0.0),
    ("digits-6", "16 different"): (2.5, 0.0),
}
COMPILE = 0.050  # seconds at most

Made = Mapping[str, Callable[[], Batches]]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", nargs="+", default=list(CASES), choices=CASES)
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[100, 200])
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--batches", type=int, default=40, help="of each contender in a turn")
    parser.add_argument(
        "--quick", action="store_true", help="batch size 100, few repeats, memory of one model: under five minutes"
    )
    parser.add_argument("--device", default="auto")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--peak", nargs=3, help=argparse.SUPPRESS)  # case, set and contender: print its memory
    asked = parser.parse_args()
    if asked.quick:
        asked.batch_sizes, asked.repeats, asked.batches = asked.batch_sizes[:1], 3, 10
    device = resolve_device(asked.device)
    with small_network_settings():
        if asked.peak:
            print(_peak(Case(asked.peak[0], asked.batch_sizes[0], device), *asked.peak[1:]))
            return
        machine = f"{describe_device(device)}; {_processor()}, load {os.getloadavg()[0]:.1f}; torch {torch.__version__}"
        print(machine)
        cases = [Case(name, size, device) for size in asked.batch_sizes for name in asked.cases]
        rows = [row for case in cases for row in measure(case, asked.repeats, asked.batches, asked.quick)]
    if asked.json:
        asked.json.write_text(json.dumps({"machine": machine, "rows": rows}, indent=1) + "\n")
    sys.exit(0 if all(row["good"] for row in rows) else 1)


def measure(case: Case, repeats: int, batches: int, quick: bool) -> list[dict[str, Any]]:
    """Time every set of models of a case and print a row for each contender."""
    without = "" if _has_keras() else "; no fit by Keras, which is not installed"
    print(f"\n{case.name}, batches of {case.batch_size}{without}", flush=True)
    rows = []
    for label, made in sets(case).items():
        started = _now(case.device)
        made["compiled"]()
        first = _now(case.device) - started  # also whatever torch does once
        compiling = min(_seconds(case.device, made["compiled"]) for _ in range(3))
        runs = {name: make() for name, make in made.items()}
        models = 1 if label == "single" else MANY
        each = max(2, batches // models)
        times = _medians(case.device, runs, repeats, each, models)
        looked = ("eager", "compiled") if label == "single" or not quick else ()
        row = {
            "case": case.name, "batch": case.batch_size, "models": label, "ms": times,
            "peak MiB": {name: _peak_apart(case, label, name) for name in looked},
            "images per second": {name: 1e3 * case.batch_size / found for name, found in times.items()},
            "launching": {name: _launching(case.device, run, each) for name, run in runs.items() if name != "keras"},
            "compile ms": 1e3 * compiling, "first compile ms": 1e3 * first,
        }  # fmt: skip
        row["good"] = _good(row)
        rows.append(row)
        _print(row)
        sys.stdout.flush()
    return rows


def sets(case: Case) -> dict[str, Made]:
    """Return what makes each contender, by set of models."""
    if case.has_cells:
        alone = case.same(1)
        return {"single": {**_usual(case, alone), "compiled": lambda: contenders.compiled(case, alone)}}
    same, different = case.same(MANY), case.different(MANY)
    return {
        "single": {**_usual(case, same[:1]), **_keras(case), "compiled": lambda: contenders.compiled(case, same[:1])},
        "16 same": {**_usual(case, same), "compiled": lambda: contenders.compiled(case, same)},
        "16 different": {**_usual(case, different), "compiled": lambda: contenders.compiled_apart(case, different)},
    }


def _usual(case: Case, models: list[Any]) -> Made:
    floor = {} if case.has_cells else {"floor": lambda: contenders.floor(case, models)}
    return {
        "eager": lambda: contenders.eager(case, models, fused=False),
        "eager, fused": lambda: contenders.eager(case, models, fused=True),
        **floor,
    }


def _has_keras() -> bool:
    return importlib.util.find_spec("keras") is not None


def _keras(case: Case) -> Made:
    if not _has_keras():
        return {}
    os.environ["KERAS_BACKEND"] = "torch"
    from engine_keras import keras_fit

    return {"keras": lambda: keras_fit(case)}


def _medians(
    device: torch.device, runs: Mapping[str, Batches], repeats: int, batches: int, models: int
) -> dict[str, float]:
    """Return milliseconds per batch and model; the contenders take turns."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for turn in range(repeats + 1):
        for name, run in runs.items():
            seconds = _seconds(device, partial(run, batches))
            if turn:  # the first is for whatever is done once
                times[name].append(1e3 * seconds / batches / models)
    return {name: statistics.median(found) for name, found in times.items()}


def _launching(device: torch.device, run: Batches, batches: int) -> float | None:
    """Return the share of a GPU's time in which no kernel runs, waiting to be launched; None on a CPU."""
    if device.type == "cpu":
        return None
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as profile:
        seconds = _seconds(device, lambda: run(batches))
    busy = float(sum(event.self_device_time_total for event in profile.key_averages())) / 1e6
    return max(0.0, 1 - busy / seconds)


def _good(row: Mapping[str, Any]) -> bool:
    """Say whether a row reaches its floor; only batches of 100 on a CPU have one."""
    times, least = row["ms"], LEAST.get((row["case"], row["models"]))
    if row["models"] == "single" and row["compile ms"] > 1e3 * COMPILE:
        return False
    if least is None or row["batch"] != 100:
        return True
    return bool(times["eager"] >= least[0] * times["compiled"] or times["compiled"] <= least[1] * times["floor"])


def _print(row: Mapping[str, Any]) -> None:
    times = row["ms"]
    print(f"  {row['models']}: compiled in {row['compile ms']:.0f} ms ({row['first compile ms']:.0f} the first time)"
          f"{'' if row['good'] else '  TOO SLOW'}")  # fmt: skip
    for name, found in times.items():
        peak = f"{row['peak MiB'][name]:8.0f} MiB" if name in row["peak MiB"] else ""
        speed = f"{times['eager'] / found:6.2f} x eager"
        speed += f" {found / times['floor']:6.2f} x floor" if "floor" in times else ""
        images = f"{row['images per second'][name]:10.0f} images/s"
        launching = row["launching"].get(name)
        share = f" {launching:5.0%} launching" if launching is not None else ""
        print(f"    {name:14} {found:8.3f} ms {speed}{images}{share}{peak}")


def _seconds(device: torch.device, work: Callable[[], object]) -> float:
    started = _now(device)
    work()
    return _now(device) - started


def _now(device: torch.device) -> float:
    """Return the processor's time, or the time when the GPU has done all it was asked."""
    if device.type == "cpu":
        return time.process_time()
    torch.cuda.synchronize(device)
    return time.perf_counter()


def _peak_apart(case: Case, label: str, contender: str) -> float:
    """Return the memory, MiB, that a contender needs beside the data, in a process of its own."""
    words = [sys.executable, __file__, "--peak", case.name, label, contender, "--device", str(case.device)]
    made = subprocess.run([*words, "--batch-sizes", str(case.batch_size)], capture_output=True, text=True, check=True)
    return float(made.stdout)


def _peak(case: Case, label: str, contender: str) -> float:
    make = sets(case)[label][contender]
    case.losses.scales  # noqa: B018 - the data are there before memory is looked at
    if case.device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(case.device)
        allocated = torch.cuda.memory_allocated(case.device)
        make()(3)
        return (torch.cuda.max_memory_allocated(case.device) - allocated) / 2**20
    Path("/proc/self/clear_refs").write_text("5")  # forget the highest so far
    before = _status("VmRSS")
    make()(3)
    return (_status("VmHWM") - before) / 1024


def _status(key: str) -> float:
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(key))
    return float(line.split()[1])


def _processor() -> str:
    names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return f"{os.cpu_count()} cores of {names[0].partition(':')[2].strip() if names else platform.processor()}"


if __name__ == "__main__":
    main()

"""diagnostics: what the diagnostics cost, beside a step of training.

    python benchmarks/diagnostics.py

Per problem and number of sub-networks a random VALP is trained for some batches, then each diagnostic looks at it.
Prints processor time, so that other work on the machine matters less, and the share of a step of 1,000 batches. Exits
with 1 when all diagnostics together take 5 % of a step or more. Fashion-MNIST is read from the folder that
VALPNAS_DATA names.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch

from valpnas import catalog
from valpnas.contracts.diagnostic import Diagnostic
from valpnas.contracts.model import Model
from valpnas.contracts.problem import Reader
from valpnas.contracts.protocol import Protocol
from valpnas.contracts.space import Space
from valpnas.networks.module import fresh_model
from valpnas.networks.random_valp import random_valp
from valpnas.seeding import stream
from valpnas.training.data import Prepared, prepare
from valpnas.training.device import small_network_settings
from valpnas.training.engine import PlainEngine
from valpnas.training.objectives import Losses, constant_losses
from valpnas.training.view import HeldOutView

STEP = 1000  # batches
MOST = 0.05  # of a step
BATCHES = 300  # trained and timed
LOOKS = 5
PEERS = 50


def seconds(work: Callable[[], object], times: int = 1) -> float:
    """Return the processor seconds of one of ``times`` repetitions."""
    started = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - started) / times


def read(problem: str, data: str) -> tuple[Prepared, Losses]:
    """Read a problem."""
    found = catalog.problem(problem)
    prepared = prepare(found, Reader(Path(data) if data else None), torch.device("cpu"))
    return prepared, constant_losses({output.name: output.task for output in found.outputs}, prepared.train)


def measure(prepared: Prepared, losses: Losses, networks: int, batches: int, looks: int) -> float:
    """Print the table of one problem and number of sub-networks; return the share of a step of all together."""
    made: list[Model] = []
    problem, engine = prepared.problem, PlainEngine()
    space = Space(max_networks=max(networks, Space().max_networks))
    rng = stream(0, "benchmark", networks)
    start = fresh_model(random_valp(problem.inputs, problem.outputs, space, rng, (networks, networks)), rng)
    protocol = Protocol(batches, span=(0.0, 0.0))
    step = seconds(lambda: made.append(engine.train(start, prepared, losses, protocol, rng))) * STEP / batches
    objectives = dict.fromkeys(problem.reference, 0.5)
    view = HeldOutView(made[0], prepared, losses, PEERS, objectives, dict.fromkeys(range(PEERS), objectives))
    print(f"{problem.name}, {networks} sub-networks: a step of {STEP} batches takes {step:.1f} s")
    view.losses()
    shares = [_timed(catalog.diagnostic(e.name), view, step, looks) for e in catalog.entries("diagnostics")]
    print(f"  {'all':22} {1000 * sum(shares) * step:8.1f} ms {' ' * 14}{sum(shares):8.2%}\n")
    return sum(shares)


def _timed(diagnostic: Diagnostic, view: HeldOutView, step: float, looks: int) -> float:
    diagnostic.examine(view, stream(0))  # whatever a library does when it is first used
    took = seconds(lambda: diagnostic.examine(view, stream(0)), looks)
    print(f"  {diagnostic.name:22} {1000 * took:8.1f} ms {diagnostic.cost(view):7.1f} passes{took / step:8.2%}")
    return took / step


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("problems", nargs="*", default=["digits", "fashion-mnist"])
    parser.add_argument("--networks", type=int, nargs="+", default=[6, 14])
    parser.add_argument("--batches", type=int, default=BATCHES)
    parser.add_argument("--looks", type=int, default=LOOKS)
    words = parser.parse_args()
    shares = []
    with small_network_settings():
        for problem in words.problems:
            prepared, losses = read(problem, os.environ.get("VALPNAS_DATA", ""))
            shares += [measure(prepared, losses, n, words.batches, words.looks) for n in words.networks]
    sys.exit(int(max(shares) >= MOST))


if __name__ == "__main__":
    main()

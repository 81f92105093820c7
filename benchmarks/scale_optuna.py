"""What scale.py holds against the store: what Optuna's storages cost."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def optuna_trials(kind: str, path: Path, trials: int) -> None:
    """Let Optuna draw and record so many trials of two numbers at random, and print what that cost."""
    import optuna
    from optuna.storages import JournalStorage, RDBStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storages: dict[str, Callable[[], Any]] = {
        "journal": lambda: JournalStorage(JournalFileBackend(str(path / "optuna.log"))),
        "sqlite": lambda: RDBStorage(f"sqlite:///{path / 'optuna.db'}"),
    }
    sampler = optuna.samplers.RandomSampler(seed=0)
    study = optuna.create_study(storage=storages[kind](), sampler=sampler, directions=["minimize", "minimize"])

    def objective(trial: Any) -> tuple[float, float]:
        return trial.suggest_float("a", 0, 1), trial.suggest_float("b", 0, 1)

    began, cpu = time.perf_counter(), time.process_time()
    study.optimize(objective, n_trials=trials)
    seconds, used = time.perf_counter() - began, time.process_time() - cpu
    print(f"Optuna {optuna.__version__}, {kind}: {trials} trials of two parameters")
    print(f"  {1e3 * seconds / trials:.2f} ms per trial, {1e3 * used / trials:.2f} ms of CPU")

"""What a worker process of a comparison does: whole runs, each of which can be killed at any instant and resumed."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from valpnas import run as runs
from valpnas.config import RunConfig
from valpnas.contracts.failure import failure_reason
from valpnas.errors import TrainingFailedError, ValpnasError
from valpnas.experiments.plan import state_of
from valpnas.resuming import resume

RunOrder = tuple[Path, RunConfig]  # where, and what


def begin() -> Callable[[RunOrder], dict[str, str]]:
    """Return what a child process does with each order."""
    return lambda order: perform(*order)


def perform(folder: Path, config: RunConfig) -> dict[str, str]:
    """Bring one run to its end from wherever it is.

    ``state`` of what comes back is "ended"; "no-model" when training failed from every start, which is a result;
    "refused" for an error a person can mend; "broke" for one in the program.
    """
    try:
        _advance(folder, config)
    except TrainingFailedError as error:
        return {"state": "no-model", "reason": error.reason}
    except ValpnasError as error:
        return {"state": "refused", "reason": str(error)}
    except Exception as error:  # the worker goes on; its parent decides what becomes of the comparison
        traceback.print_exc()  # to standard error, for whoever mends the program
        return {"state": "broke", "reason": failure_reason(error)}
    return {"state": "ended", "reason": ""}


def _advance(folder: Path, config: RunConfig) -> None:
    state = state_of(folder, config)
    if state == "new":
        runs.start(replace(config, out=str(folder), report=False), runs.problem_of(config), _silent)
    elif state == "begun":
        resume(folder, _silent, quiet=True)


def _silent(_: str) -> None:
    """Say nothing."""

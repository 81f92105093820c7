"""A worker process: does the runs it is told to, one after the other, and ends when its parent is gone.

Orders come in on standard input and answers go out on standard output, one JSON object per line. When the input ends,
the process ends at once, in the middle of a run if need be: a run can be killed at any instant and resumed.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import IO, Any

from valpnas import run as runs
from valpnas.config import RunConfig, config_from
from valpnas.contracts.failure import failure_reason
from valpnas.errors import TrainingFailedError, ValpnasError
from valpnas.experiments.plan import state_of

Orders = SimpleQueue[dict[str, Any]]


def main() -> None:
    """Work through the orders; never returns."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interruption is the parent's to handle: it closes our input
    answers = _take_stdout()
    orders: Orders = SimpleQueue()
    Thread(target=_listen, args=(orders,), daemon=True).start()
    while True:
        order = orders.get()
        print(json.dumps(perform(Path(order["folder"]), config_from(order["config"]))), file=answers, flush=True)


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
        runs.resume(folder, _silent, quiet=True)


def _silent(_: str) -> None:
    """Say nothing."""


def _take_stdout() -> IO[str]:
    """Return standard output for answers only; whatever else would be printed there goes to standard error."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


def _listen(orders: Orders) -> None:
    for line in sys.stdin:
        orders.put(json.loads(line))
    os._exit(0)


if __name__ == "__main__":
    main()

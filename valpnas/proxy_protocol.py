"""The proxy protocol: how POPNASv3 trains a network of cells to rank it, as keys of a run file.

Proxy training of POPNASv3 (3.2, 4.1, table 3; facts B2, B10, B11): AdamW at 0.01 with cosine restarts that end with
epochs 3, 9 and 21 of 21, the best epoch on validation rows, and the seconds of the training batches alone, after an
epoch of warming up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from valpnas import catalog
from valpnas.config import RunConfig
from valpnas.contracts.problem import Problem
from valpnas.errors import ConfigError, nearest
from valpnas.graph.tasks import Classification
from valpnas.search.kinds import search_class
from valpnas.training.engine import batches_per_epoch

EPOCHS = 21
RATE = 0.01
# What the paper gives as 5e-4 and 1e-3 is taken from weights without the learning rate; here it is times the rate.
DECAY = {"image": 0.05, "series": 0.1}
DROP_PATH = {"image": 0.0, "series": 0.2}
IMAGE_BATCH = 128
FILLED_IN = (
    *("initial_batches", "batch_size", "learning_rate", "algorithm", "weight_decay", "schedule", "drop_path"),
    *("augmentation", "select", "warm_up"),
)
"""The keys of a run file that the protocol decides."""
SERIES_BATCHES = range(128, 31, -16)  # the largest of these that leaves ten batches to an epoch (POPNASv3 4.4.1)


def proxy_settings(problem: Problem, rows: int, epochs: int = EPOCHS, batch_size: int = 0) -> dict[str, Any]:
    """Return the keys of a run file that say how a network is trained on ``rows`` training rows.

    ``batch_size`` 0 is that of the protocol; there are never more rows to a batch than in all.

    Raises:
        ConfigError: the problem is no classification of one image or series.
    """
    kind = kind_of(problem)
    size = min(batch_size or _batch_size(kind, rows), rows)
    return {
        "initial_batches": epochs * batches_per_epoch(rows, size),
        "batch_size": size,
        "learning_rate": RATE,
        "algorithm": "adamw",
        "weight_decay": DECAY[kind],
        "schedule": "cosine-restarts",
        "drop_path": DROP_PATH[kind],
        "augmentation": problem.augmentation,
        "select": "best-epoch",
        "warm_up": True,
    }


def with_proxy_settings(config: RunConfig, problem: Problem, rows: int) -> RunConfig:
    """Return the run file of a search of cells with everything that it leaves open, so that it says all there is.

    Keys that were given stay as they are, and so does what a run has written.

    Raises:
        ConfigError: the problem is no classification of one image or series, or both epochs and batches were given.
    """
    kind_of(problem)
    asked = config.cell_search
    settled = config.settled or config.given
    if not config.settled and {"initial_batches", "cell_search.epochs"} <= config.given:
        raise ConfigError(
            f"initial_batches: expected that or cell_search.epochs, got {config.initial_batches} and {asked.epochs}; "
            "leave one out"
        )
    size = config.batch_size if "batch_size" in settled else 0
    open_ = proxy_settings(problem, rows, asked.epochs, size).items()
    own = search_class(config.search).own.items()  # type: ignore[attr-defined]
    cells: dict[str, Any] = {key: value for key, value in own if f"cell_search.{key}" not in settled}
    cells["operations"] = asked.available(problem.inputs[0].kind)
    plain = {key: value for key, value in open_ if key not in settled}
    if "latency" in asked.costs and "latency" not in config.objectives:  # measured where it is an objective
        plain["objectives"] = (*config.objectives, "latency")
    return replace(config, **plain, cell_search=replace(asked, **cells))


def left_open(config: RunConfig) -> frozenset[str]:
    """Return the keys that ``with_proxy_settings`` fills in, those of ``cell_search`` as ``cell_search.operations``."""
    own = [f"cell_search.{key}" for key in search_class(config.search).own]  # type: ignore[attr-defined]
    wanted = {*FILLED_IN, *own} - (config.settled or config.given)
    operations = set() if config.cell_search.operations else {"cell_search.operations"}
    return frozenset(wanted | operations | ({"objectives"} if "latency" in config.cell_search.costs else set()))


def kind_of(problem: Problem) -> str:
    """Return ``image`` or ``series``; raises ``ConfigError`` for a problem that is no class of a single one."""
    if not _is_single(problem):
        offer = nearest(problem.name, _trainable())
        raise ConfigError(f"expected a problem of one image or series and one class, got {problem.name}; {offer}")
    return problem.inputs[0].kind


def _is_single(problem: Problem) -> bool:
    kinds = [vertex.kind for vertex in problem.inputs]
    tasks = [output.task for output in problem.outputs]
    return len(kinds) == len(tasks) == 1 and kinds[0] in DECAY and isinstance(tasks[0], Classification)


def _trainable() -> Iterator[str]:
    """Yield the package's own problems that can be trained here, and its families of series."""
    for entry in catalog.shipped("problems"):
        if entry.argument or _is_single(catalog.problem(entry.name)):
            yield entry.written


def _batch_size(kind: str, rows: int) -> int:
    if kind == "image":
        return IMAGE_BATCH
    return next((size for size in SERIES_BATCHES if rows // size >= 10), SERIES_BATCHES[-1])

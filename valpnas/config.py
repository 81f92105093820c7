"""The run file: everything that decides a run, as typed data. Every command-line flag of ``run`` is a key here."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from math import isfinite
from pathlib import Path
from typing import Any

import tomli_w

from valpnas.contracts.augmentation import Augmentation
from valpnas.contracts.cell_search import CellSearch
from valpnas.contracts.data_files import named_folder
from valpnas.contracts.protocol import Schedule
from valpnas.contracts.space import Space
from valpnas.errors import ConfigError, UnknownNameError
from valpnas.graph.valp import OutputTraining

FORMAT = "valpnas-run/1"
# Keys that say where and how loud, not what: equal runs may differ in them.
OF_THE_PLACE = ("executor", "workers", "out", "quiet", "report", "data_dir")
TRAIN_ON = ("train", "train+validation")
JOINED = TRAIN_ON[1]
_CELL_UNITS = ("blocks", "networks")  # what searches of cells count
_MOST = 2**63 - 1  # of any whole number: TOML promises no more
_LEAST: Mapping[str, int] = {
    "start_parameters": 0,
    "steps": 0,
    "population": 2,
    "generations": 0,
    "stagnation": 0,
    "initial_batches": 1,
    "batches_per_step": 1,
    "batch_size": 1,
    "workers": 0,
    "jobs_per_gpu": 1,
    "seed": 0,
}
_NOT_NEGATIVE: Mapping[str, str] = {
    "learning_rate": "a positive number, or 0 to have one found",
    "weight_decay": "a number >= 0",
    "time_limit": "seconds >= 0 (0 for none)",
    "max_seconds": "seconds >= 0 (0 for none)",
    "max_latency": "milliseconds >= 0 (0 for none)",
}


@dataclass(frozen=True)
class RunConfig:
    """A run file's content. Names of plug-ins are looked up when the run is made.

    ``start`` is ``random``, ``random-sized``, ``wide`` or ``deep`` (made by hand; these three with ``start_parameters``
    weights, 0 as drawn), or ``single`` (the sub-network that ``network`` describes, alone); or several of these with
    commas between, of which a hill climbing goes on from the best, and a population has all in turn; or a VALP's JSON
    file.

    ``cell_blocks`` says who chooses the block that a chooser wants to add to a cell: the operator, at ``random``, or
    what the cells of the run so far let be ``predicted``.

    Where a population is asked for and nobody says otherwise, ``chooser`` is ``guided`` and ``start`` ``random``.

    A search of one model makes ``steps`` proposals. One with a ``population`` goes on for ``generations``, or ends
    after ``max_seconds`` at work (wall time) or ``stagnation`` generations without a gain in hypervolume (0: neither).
    ``objectives`` are minimised beside those of the outputs; ``max_latency`` is in milliseconds, 0 for no limit.

    ``initial_batches`` train each start, ``batches_per_step`` each proposal; ``rejected`` says what happens to the
    training of a rejected change (``discard``, or ``train-parent``: the parent gets the same batches); ``schedule``
    spans the whole run, its decay the last ``final_decay`` part, in which a hill climbing changes nothing;
    ``time_limit`` seconds per candidate, 0 for none.
    ``executor`` says where candidates are trained, by ``workers`` at a time (0: one per core): ``serial``,
    ``processes``, ``shared`` or ``ray``. ``asynchronous`` asks for more while candidates are out: every worker is used,
    and the result depends on their speed.
    ``learning_rate`` 0 has one found by a range test before the run, whose own run file then says which.
    ``report`` says whether the run's page is written at its end.
    ``loss_weights`` are by output, for the balancing ``fixed``; an output that is not named weighs 1.

    ``network`` is a sub-network's description, its kind among it, for the start ``single``. ``weight_decay`` is that
    of ``adamw``. ``first_cycle`` (a part of the run) and ``cycle_growth`` belong to the schedule ``cosine-restarts``.
    ``augmentation``, ``label_smoothing``, ``drop_path`` and ``select`` are those of ``contracts.protocol.Protocol``.
    ``warm_up`` trains an epoch that counts for nothing first, so that the seconds of the first job hold none of what
    the device does once.

    ``train_on`` says which rows train: those of the part ``train``, or also those of ``validation``
    (``Problem.joined``), where nothing is left to be decided.

    ``cell_search`` is the table of the searches of cells, whose networks are stacked as it says.

    ``given`` are the keys that somebody asked for, which a search must not ignore (``search.build``), those of
    ``cell_search`` as ``cell_search.blocks``. ``settled`` are those that nobody may fill in any more: all, or nearly,
    where a run wrote the file.
    """

    problem: str
    search: str = "hill-climbing"
    start: str = "deep,random-sized,random-sized"
    start_parameters: int = 60_000
    chooser: str = "by-gap"
    cell_blocks: str = "random"
    accept: str = "gentle"
    rejected: str = "discard"
    steps: int = 30
    population: int = 16
    generations: int = 20
    max_seconds: float = 0.0
    stagnation: int = 0
    objectives: tuple[str, ...] = ()
    max_latency: float = 0.0
    initial_batches: int = 500
    batches_per_step: int = 200
    batch_size: int = 100
    learning_rate: float = 3e-3
    algorithm: str = "adam"
    schedule: str = "linear"
    final_decay: float = 0.3
    balancing: str = "sum"
    loss_weights: Mapping[str, float] = field(default_factory=dict)
    asynchronous: bool = False
    executor: str = "serial"
    workers: int = 0
    seed: int = 0
    device: str = "auto"
    time_limit: float = 0.0
    data_dir: str = ""
    out: str = ""
    quiet: bool = False
    report: bool = True
    weight_decay: float = OutputTraining.weight_decay
    first_cycle: float = Schedule.first
    cycle_growth: float = Schedule.growth
    label_smoothing: float = 0.0
    drop_path: float = 0.0
    select: str = "best-checkpoint"
    engine: str = "compiled"
    precision: str = "float32"
    jobs_per_gpu: int = 1
    warm_up: bool = False
    train_on: str = TRAIN_ON[0]
    operators: tuple[str, ...] = ()  # further ones, as package.module:Class
    without: tuple[str, ...] = ()  # operators to leave out, by name
    space: Space = field(default_factory=Space)
    augmentation: Augmentation = field(default_factory=Augmentation)
    network: Mapping[str, Any] = field(default_factory=dict)
    cell_search: CellSearch = field(default_factory=CellSearch)
    given: frozenset[str] = field(default=frozenset(), compare=False, repr=False)  # no key, but those asked for
    settled: frozenset[str] = field(default=frozenset(), compare=False, repr=False)  # no key either

    def __post_init__(self) -> None:
        """Raise ``ConfigError`` for a budget or rate that no run could keep to."""
        for name, least in _LEAST.items():
            _check_whole(name, getattr(self, name), least)
        for name, expected in _NOT_NEGATIVE.items():
            _check_number(name, getattr(self, name), expected)
        for output, weight in self.loss_weights.items():
            _check_number(f"loss_weights.{output}", weight, "a positive number", positive=True)
        for name in ("objectives", "without"):
            _check_once(name, getattr(self, name))
        for name in ("start", "data_dir", "out"):
            _check_path(name, getattr(self, name))
        if self.train_on not in TRAIN_ON:
            raise UnknownNameError("choice of training rows", self.train_on, TRAIN_ON)

    def planned(self, unit: str) -> int:
        """Return the budget in the ``unit`` that a search counts: a key, or one of ``[cell_search]``."""
        holder = self.cell_search if unit in _CELL_UNITS else self
        planned: int = getattr(holder, unit)
        return planned

    def with_planned(self, unit: str, number: int) -> RunConfig:
        """Return the same with another budget; raises ``ConfigError`` for one that no run can have."""
        budget: dict[str, Any] = {unit: number}
        if unit in _CELL_UNITS:
            return replace(self, cell_search=replace(self.cell_search, **budget))
        return replace(self, **budget)

    def to_toml(self, about: Mapping[str, str]) -> str:
        """Return the run file's text; ``about`` (versions and the like) goes into its own table."""
        return tomli_w.dumps({"format": FORMAT, **self.settings(), "about": dict(about)})

    def settings(self) -> dict[str, Any]:
        """Return every key with its value, as plain data."""
        return {key: value for key, value in asdict(self).items() if key in KEYS}


KEYS = tuple(f.name for f in fields(RunConfig) if f.compare)
"""The keys of a run file."""

CELL_KEYS = ("cell_search", *(f"cell_search.{f.name}" for f in fields(CellSearch)))
"""The table of the searches of cells, and its keys as ``given`` has them."""


def start_names(start: str) -> tuple[str, ...]:
    """Return the names that the key ``start`` holds, with commas between; a file stands alone.

    Raises:
        ConfigError: there is a file among several.
    """
    names = tuple(name.strip() for name in start.split(","))
    if len(names) > 1 and any(name.endswith(".json") for name in names):
        raise ConfigError(f"start: expected names with commas between, or one file, got {start}; give the file alone")
    return names


def goes_by_size(start: str) -> bool:
    """Say whether ``start_parameters`` matters to a start of this key."""
    return not {"random-sized", "wide", "deep"}.isdisjoint(start_names(start))


def data_folder(config: RunConfig) -> Path | None:
    """Return the folder of data files that ``config`` names, or else the environment.

    Raises:
        ConfigError: it does not exist.
    """
    folder = config.data_dir or os.environ.get("VALPNAS_DATA", "")
    return named_folder(Path(folder) if folder else None)


def _check_whole(key: str, number: int, least: int) -> None:
    if not least <= number <= _MOST:
        what = f"at least {least}" if number < least else f"at most {_MOST}"
        raise ConfigError(f"{key}: expected {what}, got {number}")


def _check_number(key: str, number: float, expected: str, positive: bool = False) -> None:
    if not isfinite(number) or number < 0 or (positive and number == 0):
        raise ConfigError(f"{key}: expected {expected}, got {number}")


def _check_path(key: str, path: str) -> None:
    if "\0" in path:
        raise ConfigError(f"{key}: expected a path, got {path!r}; leave out the null character")


def _check_once(key: str, names: Sequence[str]) -> None:
    if twice := [name for name in names if names.count(name) > 1]:
        raise ConfigError(f"{key}: expected each name once, got {twice[0]!r} twice; leave one out")

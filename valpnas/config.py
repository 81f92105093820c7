"""The run file: everything that decides a run, as typed data. Every command-line flag of ``run`` is a key here."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from math import isfinite
from pathlib import Path
from typing import Any

import tomli_w

from valpnas.contracts.augmentation import Augmentation
from valpnas.contracts.cell_bounds import CellBounds
from valpnas.contracts.cell_search import CellSearch
from valpnas.contracts.data_files import named_folder
from valpnas.contracts.protocol import Schedule
from valpnas.contracts.space import Space
from valpnas.errors import ConfigError, UnknownNameError
from valpnas.graph.valp import OutputTraining
from valpnas.typed_tables import checked

FORMAT = "valpnas-run/1"
# Keys that say where and how loud, not what: equal runs may differ in them.
OF_THE_PLACE = ("executor", "workers", "out", "quiet", "report", "data_dir")
TRAIN_ON = ("train", "train+validation")
JOINED = TRAIN_ON[1]
_CELL_UNITS = ("blocks", "networks")  # what searches of cells count
# Defaults that other searches than hill climbing have: of the choosers that look, guided asks for donations, and
# members have to differ.
_OF_SEARCHES: Mapping[str, Mapping[str, Any]] = {
    name: {"chooser": "guided", "start": "random", "select": "last"} for name in ("nsga2", "nsga3")
}
_HAND_MADE_OF = frozenset({"dense", "decoder"})  # kinds of network; who asks for others wants to see them
_FEWEST = 2000  # weights: with fewer allowed, it is the limit that has to be looked at
_ROOM = 4 / 3  # what a limit of size leaves a start to grow
_MOST = 2**63 - 1  # of any whole number: TOML promises no more


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
        for name, least in {
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
        }.items():
            if not least <= getattr(self, name) <= _MOST:
                what = f"at least {least}" if getattr(self, name) < least else f"at most {_MOST}"
                raise ConfigError(f"{name}: expected {what}, got {getattr(self, name)}")
        if not (self.learning_rate >= 0 and isfinite(self.learning_rate)):
            raise ConfigError(
                f"learning_rate: expected a positive number, or 0 to have one found, got {self.learning_rate}"
            )
        for name, expected in {
            "weight_decay": "a number >= 0",
            "time_limit": "seconds >= 0 (0 for none)",
            "max_seconds": "seconds >= 0 (0 for none)",
            "max_latency": "milliseconds >= 0 (0 for none)",
        }.items():
            if not (getattr(self, name) >= 0 and isfinite(getattr(self, name))):
                raise ConfigError(f"{name}: expected {expected}, got {getattr(self, name)}")
        _check_once("objectives", self.objectives)
        _check_once("without", self.without)
        for name in ("start", "data_dir", "out"):
            if "\0" in getattr(self, name):
                raise ConfigError(f"{name}: expected a path, got {getattr(self, name)!r}; leave out the null character")
        _check_rows(self.train_on)
        for output, weight in self.loss_weights.items():
            if not (weight > 0 and isfinite(weight)):
                raise ConfigError(f"loss_weights.{output}: expected a positive number, got {weight}")

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


def overridden(data: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``data`` with ``overrides`` in front; of a table, such as ``space``, only the keys that are given."""
    merged = {**data, **overrides}
    for key, value in overrides.items():
        if isinstance(value, Mapping) and isinstance(data.get(key), Mapping):
            merged[key] = {**data[key], **value}
    return merged


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


def config_from(data: Mapping[str, Any]) -> RunConfig:
    """Return the configuration that ``data`` describes, with defaults for what it leaves out."""
    if "problem" not in data:
        raise ConfigError("expected the key 'problem', got none; name a problem (`valpnas problems` lists them)")
    tables: dict[str, Any] = {name: read(data.get(name, {})) for name, read in _TABLES.items()}
    plain = checked(RunConfig, {k: v for k, v in data.items() if k not in tables}, "key")
    own = {**_fitting(tables["space"]), **_OF_SEARCHES.get(str(data.get("search", "")), {})}
    return RunConfig(**{**own, **plain}, **tables, given=given_by(data))


def _fitting(space: Space) -> dict[str, Any]:
    """Return the defaults of starts that differ, where kinds of network are asked for or the limit of size is tight."""
    starts = {} if {*space.networks} <= _HAND_MADE_OF else {"start": ",".join(["random-sized"] * 3)}
    tight = _FEWEST <= space.max_parameters < _ROOM * RunConfig.start_parameters
    return starts | ({"start_parameters": int(space.max_parameters / _ROOM)} if tight else {})


def given_by(data: Mapping[str, Any]) -> frozenset[str]:
    """Return the keys that ``data`` give, those of ``cell_search`` as ``cell_search.blocks`` besides."""
    inner = data.get("cell_search", {})
    return frozenset({*data, *(f"cell_search.{key}" for key in (inner if isinstance(inner, Mapping) else ()))})


def data_folder(config: RunConfig) -> Path | None:
    """Return the folder of data files that ``config`` names, or else the environment.

    Raises:
        ConfigError: it does not exist.
    """
    folder = config.data_dir or os.environ.get("VALPNAS_DATA", "")
    return named_folder(Path(folder) if folder else None)


def _check_rows(train_on: str) -> None:
    if train_on not in TRAIN_ON:
        raise UnknownNameError("choice of training rows", train_on, TRAIN_ON)


def _check_once(key: str, names: Sequence[str]) -> None:
    if twice := [name for name in names if names.count(name) > 1]:
        raise ConfigError(f"{key}: expected each name once, got {twice[0]!r} twice; leave one out")


def _space_from(data: Any) -> Space:
    if isinstance(data, Space):
        return data
    if not isinstance(data, Mapping):
        raise ConfigError(f"expected a table for each key of [space], got {data!r}")
    cells = CellBounds(**checked(CellBounds, data.get("cells", {}), "key of [space.cells]"))
    plain = {name: value for name, value in data.items() if name != "cells"}
    return Space(**checked(Space, plain, "key of [space]"), cells=cells)


def _augmentation_from(data: Any) -> Augmentation:
    if isinstance(data, Augmentation):
        return data
    return Augmentation(**checked(Augmentation, data, "key of [augmentation]"))


def _cell_search_from(data: Any) -> CellSearch:
    if isinstance(data, CellSearch):
        return data
    return CellSearch(**checked(CellSearch, data, "key of [cell_search]"))


def _network_from(data: Any) -> dict[str, Any]:
    if not isinstance(data, Mapping):
        raise ConfigError(f"expected a table [network] that describes a sub-network, got {data!r}")
    return dict(data)


_TABLES: dict[str, Callable[[Any], Any]] = {
    "space": _space_from,
    "augmentation": _augmentation_from,
    "network": _network_from,
    "cell_search": _cell_search_from,
}

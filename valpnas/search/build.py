"""Building a search: from the names and numbers of a run file to the objects they stand for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from valpnas import catalog
from valpnas.config import CELL_KEYS, RunConfig, start_names
from valpnas.contracts.chooser import Chooser
from valpnas.contracts.entry import Entry
from valpnas.contracts.operator import Operator
from valpnas.contracts.problem import Problem
from valpnas.contracts.protocol import Protocol, Schedule
from valpnas.contracts.search import Search
from valpnas.contracts.space import Space
from valpnas.errors import ConfigError, UnknownNameError
from valpnas.graph.tasks import Generation
from valpnas.graph.valp import OutputTraining
from valpnas.search import SEARCHES
from valpnas.search.acceptance import Acceptance
from valpnas.search.kinds import search_class
from valpnas.search.naming import check_names, entry_of
from valpnas.search.starts import GivenStart, SingleStart, Start
from valpnas.search.termination import Termination
from valpnas.training.balancing.balancer import Balancer
from valpnas.training.engine import PRECISIONS, Engine
from valpnas.training.measuring import MEASURES

# Keys of the run file that a search gets as they are, if its constructor names them.
_HANDED_ON = (
    *("rejected", "steps", "population", "generations", "initial_batches", "batches_per_step", "batch_size"),
    "seed",
)
# Keys of the run file that other arguments of a search are made of.
_MADE_OF = {
    "chooser": ("chooser", "cell_blocks"),
    "acceptance": ("accept",),
    "starts": ("start", "start_parameters", "network"),
    "training": ("learning_rate", "algorithm", "weight_decay"),
    "protocol": (
        *("schedule", "final_decay", "first_cycle", "cycle_growth", "time_limit"),
        *("augmentation", "label_smoothing", "drop_path", "select"),
    ),
    "termination": ("max_seconds", "stagnation"),
    "cell_search": CELL_KEYS,
}
_TRAIN_ONE_OUTPUT_ANEW = (
    "change_lr",
    "change_sgd",
    "rest_output",
    "take_back",
)  # operators that split a single optimiser group


def build_search(config: RunConfig) -> Search[Any]:
    """Return the search that ``config`` describes.

    Raises:
        UnknownNameError: it names something that there is not.
        ConfigError: a key was given that the search does not take, or settings contradict each other.
    """
    check_names({key: getattr(config, key) for key in ("rejected", "algorithm")})
    _check_engine(config)
    if unknown := [name for name in config.objectives if name not in MEASURES]:
        raise UnknownNameError("objective", unknown[0], MEASURES)
    entry = entry_of("search", config.search)
    _check_given(config)
    arguments: dict[str, Any] = {
        "chooser": build_chooser(config),
        "acceptance": catalog.load(entry_of("accept", config.accept), Acceptance),
        "starts": build_starts(config),
        "training": build_training(config),
        "protocol": build_protocol(config),
        "termination": Termination(config.max_seconds, config.stagnation, limits(config)),
        "cell_search": config.cell_search,
        **{name: getattr(config, name) for name in _HANDED_ON},
    }
    search: Search[Any] = catalog.load(entry, Search, **catalog.accepted(entry, arguments))
    return search


def ignored(config: RunConfig, keys: Iterable[str]) -> list[str]:
    """Return those of ``keys`` that the search which ``config`` names does not take."""
    taken = _keys_taken(entry_of("search", config.search))
    return [key for key in keys if key not in taken and any(key in of for of in _arguments().values())]


def _arguments() -> dict[str, tuple[str, ...]]:
    """Return what a search may be made with, and the keys of a run file that go into it."""
    # The seed is that of everything random in a run, also where no search asks for it.
    return {**{name: (name,) for name in _HANDED_ON if name != "seed"}, **_MADE_OF}


def _keys_taken(entry: Entry) -> set[str]:
    ignores: frozenset[str] = catalog.load_class(entry, Search).ignores
    return {key for keys in catalog.accepted(entry, _arguments()).values() for key in keys} - ignores


def trains_cells(config: RunConfig) -> bool:
    """Say whether the search that ``config`` names stacks cells into networks of their own."""
    return search_class(config.search).trains_cells


def _check_given(config: RunConfig) -> None:
    for key in ignored(config, sorted(config.given)):
        others = [entry.name for entry in SEARCHES if key in _keys_taken(entry)]
        raise ConfigError(
            f"{key}: expected a search that takes it ({', '.join(others)}), got search = {config.search!r}, which "
            "would ignore it; name another search or leave it out"
        )


def build_chooser(config: RunConfig) -> Chooser:
    """Return the chooser that ``config`` names, and around it who chooses the blocks that it wants to add."""
    chooser: Chooser = catalog.load(entry_of("chooser", config.chooser), Chooser)
    entry = entry_of("cell_blocks", config.cell_blocks)
    made: Chooser = catalog.load(entry, Chooser, inner=chooser, space=config.space)
    return made


def limits(config: RunConfig) -> dict[str, float]:
    """Return the limits that ``config`` sets for its further objectives; results say nothing of what is none."""
    found = {"parameters": float(config.space.max_parameters), "latency": config.max_latency}
    return {name: limit for name, limit in found.items() if limit and name in config.objectives}


def _check_engine(config: RunConfig) -> None:
    entry_of("engine", config.engine)
    if config.precision not in PRECISIONS:
        raise UnknownNameError("precision", config.precision, PRECISIONS)
    if config.engine == "plain" and config.precision != "float32":
        raise ConfigError(
            f"precision: expected float32 with engine = 'plain', the reference, got {config.precision}; "
            "say engine = 'compiled'"
        )


def build_training(config: RunConfig) -> OutputTraining:
    """Return how every output is trained at first; at the default rate while the run's own is still to be found."""
    rate = config.learning_rate or OutputTraining.learning_rate
    return OutputTraining(rate, config.algorithm, config.weight_decay)


def build_protocol(config: RunConfig) -> Protocol:
    """Return how jobs are trained; each gets its own batches and its part of the schedule."""
    return Protocol(
        schedule=Schedule(config.schedule, config.final_decay, config.first_cycle, config.cycle_growth),
        time_limit=config.time_limit,
        augmentation=config.augmentation,
        label_smoothing=config.label_smoothing,
        drop_path=config.drop_path,
        select=config.select,
    )


def build_starts(config: RunConfig) -> tuple[Start, ...]:
    """Return the starts that ``config`` names, in order; a file is read when the search begins."""
    return tuple(_build_start(config, name) for name in start_names(config.start))


def _build_start(config: RunConfig, name: str) -> Start:
    if name.endswith(".json"):
        return GivenStart(path=Path(name))
    if name == "single":
        return SingleStart(network=config.network)
    start: Start = catalog.load(entry_of("start", name), Start, parameters=config.start_parameters)
    return start


def build_space(space: Space, problem: Problem) -> Space:
    """Return ``space`` with what it leaves to ``problem``: sizes of its inputs, and decoders where an output generates.

    Raises:
        UnknownNameError: a kind of sub-network is unknown.
        ValpnasError: nothing can be drawn of a kind within these bounds.
    """
    fitted = space.fitted(vertex.shape for vertex in problem.inputs)
    drawn = [catalog.network_kind(kind).random(fitted, np.random.default_rng(0)) for kind in fitted.networks]
    generates = any(isinstance(output.task, Generation) for output in problem.outputs)
    if not generates or any(spec.decodes for spec in drawn):
        return fitted
    return replace(fitted, networks=(*fitted.networks, "decoder"))


def build_balancer(config: RunConfig) -> Balancer:
    """Return the loss balancing that ``config`` names.

    Raises:
        UnknownNameError: there is none of this name.
        ConfigError: loss weights for one that has none, or none for one that needs them.
    """
    entry = entry_of("balancing", config.balancing)
    if config.loss_weights and config.balancing != "fixed":
        raise ConfigError(
            f"loss_weights: expected none with balancing = {config.balancing!r}, got {', '.join(config.loss_weights)}; "
            "say balancing = 'fixed' or leave them out"
        )
    if config.balancing == "fixed" and not config.loss_weights:
        raise ConfigError("balancing = 'fixed': expected a table [loss_weights] in the run file, got none; add one")
    options: dict[str, Any] = {"weights": config.loss_weights} if config.balancing == "fixed" else {}
    balancer: Balancer = catalog.load(entry, Balancer, **options)
    return balancer


def build_engine(config: RunConfig, say: Callable[[str], None]) -> Engine:
    """Return the training engine that ``config`` names, with its loss balancing.

    ``say`` hears once in the run of each thing that the engine cannot do in its own way.
    """
    said: set[str] = set()

    def say_once(message: str) -> None:
        if message not in said:
            said.add(message)
            say(message)

    entry = entry_of("engine", config.engine)
    arguments = {"balancer": build_balancer(config), "say": say_once, "precision": config.precision}
    engine: Engine = catalog.load(entry, Engine, **arguments)
    return engine


def build_operators(config: RunConfig) -> tuple[dict[str, Operator], list[str]]:
    """Return the operators of ``config``, and the names of those left out for its balancing.

    Raises:
        UnknownNameError: an operator that it wants to do without is unknown.
    """
    operators = catalog.operators(config.space, config.operators)
    for name in config.without:
        if name not in operators:
            raise UnknownNameError("operator", name, operators)
        del operators[name]
    unfit = _TRAIN_ONE_OUTPUT_ANEW if build_balancer(config).single_group else ()
    left_out = [name for name in unfit if name in operators]
    return {name: operator for name, operator in operators.items() if name not in left_out}, left_out

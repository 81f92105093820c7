"""What a run's settings must fulfil, looked at before anything is made."""

from __future__ import annotations

from valpnas import catalog
from valpnas.cells.block import Cell
from valpnas.config import RunConfig
from valpnas.contracts.problem import Problem
from valpnas.errors import ConfigError
from valpnas.execution.build import check_executor, check_workers
from valpnas.graph.valp import Valp
from valpnas.proxy_protocol import kind_of
from valpnas.search.build import (
    build_balancer,
    build_operators,
    build_search,
    build_space,
    build_starts,
    build_training,
    trains_cells,
)
from valpnas.search.exclusive_times import check_times
from valpnas.search.popnas.networks import Networks
from valpnas.seeding import stream
from valpnas.training.device import resolve_device


def check(config: RunConfig) -> None:
    """Raise ``UnknownNameError`` or ``ConfigError`` unless every name in ``config`` is known; nothing is run."""
    search = build_search(config)
    if config.asynchronous and not search.asynchronous:
        raise ConfigError(
            f"asynchronous: expected a search that asks for more while candidates are out, got {config.search!r}, "
            "which waits for all it asked for; leave asynchronous out"
        )
    check_executor(config.executor)
    if "workers" in config.given:
        check_workers(config.executor, config.workers)
    check_times(config)
    build_operators(config)
    for kind in config.space.networks:
        catalog.network_kind(kind)
    resolve_device(config.device)


def check_start(config: RunConfig, problem: Problem) -> None:
    """Raise ``ValpnasError`` when ``config`` names a start, balancing or augmentation that ``problem`` cannot have.

    Nothing is made.
    """
    if taken := sorted({output.name for output in problem.outputs} & set(config.objectives)):
        raise ConfigError(f"objectives: expected names that no output has, got {taken[0]!r}; rename the output")
    build_balancer(config).check(_first_valp(config, problem))
    config.augmentation.check(problem.inputs, problem.outputs)


def _first_valp(config: RunConfig, problem: Problem) -> Valp:
    """Return the first graph of the run, of whatever size the search makes it."""
    training = build_training(config)
    if trains_cells(config):
        kind_of(problem)
        if not config.learning_rate:
            raise ConfigError(
                f"learning_rate: expected a positive number with search = {config.search!r}, got 0; leave it out"
            )
        networks = Networks(problem, config.cell_search, training, config.batch_size)
        networks.check()
        return networks.valp(Cell())
    space, seed = build_space(config.space, problem), config.seed
    # Every start is drawn, so that one that cannot be had is refused before anything is trained.
    valps = [
        start.valp(problem, space, training, config.batch_size, stream(seed, number, "start"))
        for number, start in enumerate(build_starts(config))
    ]
    return valps[0]

"""From names to executors: devices, addresses, and what an executor says of itself."""

from __future__ import annotations

from math import floor

import pytest
import torch

from valpnas import catalog
from valpnas.contracts.executor import Executor
from valpnas.errors import ConfigError, ExecutionError, UnknownNameError
from valpnas.execution import EXECUTORS
from valpnas.execution.build import check_executor, check_workers, executor_class
from valpnas.execution.placing import places
from valpnas.execution.ray_connection import shares


def test_every_executor_is_in_the_table_under_its_name() -> None:
    for entry in EXECUTORS:
        assert catalog.load_class(entry, Executor).name == entry.name
    assert [e.name for e in EXECUTORS if executor_class(e.name).in_this_process] == ["serial", "shared"]
    assert [e.name for e in EXECUTORS if executor_class(e.name).shares_rows] == ["processes"]
    with pytest.raises(UnknownNameError, match="unknown executor 'seriel': did you mean serial"):
        check_executor("seriel")


def test_workers_are_spread_over_the_gpus_of_a_machine() -> None:
    gpu = torch.device("cuda")
    assert places(gpu, 5, 16, 2) == ["cuda:0", "cuda:1", "cuda:0", "cuda:1", "cuda:0"]
    assert places(gpu, 0, 16, 3) == ["cuda:0", "cuda:1", "cuda:2"]
    assert places(torch.device("cuda:1"), 2, 16, 3) == ["cuda:1", "cuda:1"]
    assert places(gpu, 0, 16, 1) == ["cuda"]
    assert places(torch.device("cpu"), 0, 3, 2) == ["cpu"] * 3


def test_a_cluster_is_divided_among_its_workers() -> None:
    assert shares({"CPU": 7.0}, 0, gpus=False) == (7, 0.0)
    assert shares({"CPU": 7.0, "GPU": 2.0}, 0, gpus=True) == (2, 1.0)
    assert shares({"CPU": 7.0, "GPU": 2.0}, 3, gpus=True) == (3, 0.5)
    with pytest.raises(ExecutionError, match="has none; begin the run with --device cpu"):
        shares({"CPU": 7.0}, 2, gpus=True)


@pytest.mark.parametrize(("gpus", "workers"), [(2, 3), (1, 3), (1, 150), (3, 8), (4, 4), (4, 2), (2, 9)])
def test_every_worker_finds_a_gpu_with_so_much_left(gpus: int, workers: int) -> None:
    """Ray takes the whole of an actor's share from one GPU."""
    count, share = shares({"GPU": float(gpus)}, workers, gpus=True)
    assert 0 < share <= 1
    assert gpus * floor(1 / share + 1e-9) >= count == workers


@pytest.mark.parametrize("address", ["ray://", "ray://nonsense", "ray://host:", "ray://host:port", "ray://a b:1"])
def test_an_address_has_a_host_and_a_port(address: str) -> None:
    with pytest.raises(ConfigError, match="expected ray://HOST:PORT, got"):
        check_executor(address)


def test_several_workers_are_for_executors_that_have_them() -> None:
    for entry in EXECUTORS:
        if entry.name != "serial":
            check_workers(entry.name, 4)
    check_workers("serial", 1)
    with pytest.raises(ConfigError, match="workers: expected at most 1 with executor = 'serial', got 4; name another"):
        check_workers("serial", 4)

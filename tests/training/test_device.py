"""Devices by name, and the settings under which small networks are trained."""

from __future__ import annotations

import pytest
import torch

from valpnas.errors import ConfigError
from valpnas.training.device import describe_device, resolve_device, small_network_settings

GPUS = torch.cuda.device_count()


def test_the_cpu_is_the_cpu() -> None:
    assert resolve_device("cpu") == torch.device("cpu")
    assert describe_device(torch.device("cpu")) == "cpu (one thread)"


def test_auto_takes_a_gpu_where_there_is_one() -> None:
    assert resolve_device("auto").type == ("cuda" if GPUS else "cpu")


@pytest.mark.parametrize("name", ["", "gpu", "CPU", "cpu:0", "cuda:", "cuda:x", "cuda:-1", "cuda:0:0", "mps"])
def test_an_unknown_name_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="expected a device auto, cpu, cuda or cuda:<number>"):
        resolve_device(name)


def test_a_gpu_by_another_name_is_offered() -> None:
    with pytest.raises(ConfigError, match=r"got 'gpu:0'; did you mean cuda\?"):
        resolve_device("gpu:0")


def test_a_gpu_that_is_not_there_is_refused_in_words() -> None:
    with pytest.raises(ConfigError, match=f"one of {GPUS} CUDA devices, got 'cuda:{GPUS}'; use --device"):
        resolve_device(f"cuda:{GPUS}")


def test_threads_are_put_back_even_after_an_error() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with pytest.raises(ZeroDivisionError), small_network_settings():
            1 / (torch.get_num_threads() - 1)  # there is one thread, which makes this the error
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_denormals_are_flushed_inside_and_not_outside() -> None:
    denormal = torch.full((8,), 1e-30)

    def product() -> float:
        return float((denormal * 1e-10).sum())

    with small_network_settings():
        assert product() == 0
    assert product() > 0


def test_a_worker_that_sets_up_twice_is_still_set_up_in_between() -> None:
    denormal = torch.full((8,), 1e-30)
    with small_network_settings():
        with small_network_settings():
            assert float((denormal * 1e-10).sum()) == 0
        assert float((denormal * 1e-10).sum()) == 0
        assert torch.get_num_threads() == 1
    assert float((denormal * 1e-10).sum()) > 0

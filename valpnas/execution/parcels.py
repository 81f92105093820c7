"""Parcels: jobs and answers as they pass between processes, their tensors as plain arrays.

torch would hand each of the hundreds of small tensors over in a file descriptor of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from valpnas.contracts.executor import Answer
from valpnas.contracts.job import Job
from valpnas.contracts.model import Model

_TABLES = ("weights", "buffers", "optimiser", "histories", "balancer")  # of a model, nested to any depth


def pack_job(job: Job) -> Job:
    """Return a copy of ``job`` with arrays for tensors: it can be pickled, and is of no other use."""
    return replace(job, model=_mapped(job.model, _array))


def unpack_job(job: Job) -> Job:
    """Return the job that was packed, each tensor contiguous and in a memory of its own."""
    return replace(job, model=_mapped(job.model, _tensor))


def pack_answer(answer: Answer) -> Answer:
    """Return a copy of ``answer`` with arrays for tensors."""
    return _answer(answer, _array)


def unpack_answer(answer: Answer) -> Answer:
    """Return the answer that was packed."""
    return _answer(answer, _tensor)


def _answer(answer: Answer, change: Callable[[Any], Any]) -> Answer:
    if answer.result.model is None:
        return answer
    return replace(answer, result=replace(answer.result, model=_mapped(answer.result.model, change)))


def _array(tensor: Tensor) -> Any:
    return tensor.detach().cpu().clone(memory_format=torch.contiguous_format).numpy()


def _tensor(array: Any) -> Tensor:
    return torch.from_numpy(array if array.flags.writeable else array.copy())  # Ray hands out its own memory


def _mapped(model: Model, change: Callable[[Any], Any]) -> Model:
    return replace(model, **{table: _leaves(getattr(model, table), change) for table in _TABLES})


def _leaves(tree: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(tree, Mapping):
        return {name: _leaves(branch, change) for name, branch in tree.items()}
    return change(tree)

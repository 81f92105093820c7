"""Parcels: jobs and answers as they pass between processes, their tensors as plain arrays.

torch would hand each of the hundreds of small tensors over in a file descriptor of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from valpnas.contracts.executor import Answer, Answers, Group
from valpnas.contracts.job import Job
from valpnas.contracts.model import Model

_TABLES = ("weights", "buffers", "optimiser", "histories", "balancer")  # of a model, nested to any depth


def pack_jobs(group: Group) -> list[Job]:
    """Return copies of the jobs with arrays for tensors: they can be pickled, and are of no other use."""
    return [replace(job, model=_mapped(job.model, _array)) for job in group]


def unpack_jobs(parcel: Group) -> list[Job]:
    """Return the jobs that were packed, each tensor contiguous and in a memory of its own."""
    return [replace(job, model=_mapped(job.model, _tensor)) for job in parcel]


def pack_answers(answers: Answers) -> Answers:
    """Return copies of the answers with arrays for tensors."""
    return [_answer(answer, _array) for answer in answers]


def unpack_answers(parcel: Answers) -> Answers:
    """Return the answers that were packed."""
    return [_answer(answer, _tensor) for answer in parcel]


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

"""Reporting: writes a run's page, with what only models and data together can show: predictions and samples."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from valpnas.errors import StoreError, ValpnasError
from valpnas.graph.tasks import Classification, Distribution, Generation, Regression, Task, task_from_json
from valpnas.opened_run import FrontMember, Run
from valpnas.report.contents import OnData, contents
from valpnas.report.page import page
from valpnas.report.png import png
from valpnas.report.predictions import Pictures, Predicted
from valpnas.sampling import side_by_side
from valpnas.seeding import stream, torch_stream
from valpnas.store.files import write_text
from valpnas.store.problems import read_problem
from valpnas.store.run_directory import RunDirectory
from valpnas.training.data import Prepared, TensorPart

REPORT = "report.html"

_ROWS = 2000  # validation rows that are predicted, spread evenly
_SAMPLES = 64


def write_report(run: Run, out: Path | None = None, prepared: Prepared | None = None) -> Path:
    """Write the page of ``run`` and return its path.

    Args:
        run: an opened run; it is only read.
        out: the file; ``report.html`` in the run directory if not given.
        prepared: the run's data where they have been read already.

    Raises:
        StoreError: the run cannot be read or the file not written, for one because its folder does not exist.
    """
    path = out or run.path / REPORT
    if not os.path.isdir(path.parent):  # unlike Path.is_dir, quiet about names no folder can have
        raise StoreError(f"{path}: expected a file in a folder that exists, found no {path.parent}; check the path")
    write_text(path, page(contents(RunDirectory(run.path), gather(run, prepared))))
    return path


def gather(run: Run, prepared: Prepared | None = None) -> OnData:
    """Return predictions on validation rows and samples; ``unread`` says in words what could not be read for them."""
    if not run.front:
        return OnData()
    validation, reasons = _validation(run, prepared)
    predicted: list[Predicted] = []
    pictures: list[Pictures] = []
    for output, task in sorted(_tasks(run).items()):
        member = _best(run, output)
        try:
            shown = _shown(member, output, task, validation)
        except StoreError as error:  # its weights were deleted: the page says so, and shows the others
            reasons.append(str(error))
            continue
        if isinstance(shown, Pictures):
            pictures.append(shown)
        elif shown is not None:
            predicted.append(shown)
    return OnData(predicted, pictures, "; ".join(dict.fromkeys(reasons)))


def _validation(run: Run, prepared: Prepared | None) -> tuple[TensorPart | None, list[str]]:
    """Return validation rows on the CPU, spread evenly, or why there are none: data may have moved."""
    try:
        part = (prepared or run.prepared).parts["validation"]
    except ValpnasError as error:
        return None, [str(error)]
    count = min(_ROWS, len(part))
    rows = torch.arange(count) * len(part) // count
    inputs = {name: value.cpu()[rows] for name, value in part.inputs.items()}
    return TensorPart(inputs, {name: value.cpu()[rows] for name, value in part.targets.items()}), []


def _tasks(run: Run) -> dict[str, Task]:
    """Return the tasks by output, from the run itself: its problem may be installed no longer."""
    outputs = [dict(output) for output in read_problem(run.path)["outputs"]]
    return {output.pop("name"): task_from_json(output) for output in outputs}


def _best(run: Run, output: str) -> FrontMember:
    return min(run.front, key=lambda member: (member.validation[output], member.candidate))


def _shown(member: FrontMember, output: str, task: Task, part: TensorPart | None) -> Predicted | Pictures | None:
    """Return what can be shown of an output; None when that needs data and there are none."""
    if isinstance(task, Generation):
        return _sampled(member, output, task, part)
    if part is None:
        return None
    with torch.no_grad():
        logits = member.model.module(part.inputs).values[output]
    true, guess = _natural(member.run, output, task, part.targets[output], logits)
    return Predicted(output, task, member.candidate, true, guess)


def _natural(run: Run, output: str, task: Task, target: Tensor, logits: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Return targets and predictions in their own units."""
    true, guess = target.numpy(), logits.numpy()
    if isinstance(task, Classification):
        return true, guess.argmax(axis=1)
    if isinstance(task, Distribution):
        return true, logits.softmax(dim=1).numpy()
    if isinstance(task, Regression):
        step = run.transforms.targets[output]
        mean, scale = np.asarray(step.mean), np.asarray(step.scale)
        return true * scale + mean, guess * scale + mean
    raise TypeError(f"expected a task that predicts, got {task}")


def _sampled(
    member: FrontMember, output: str, task: Generation, part: TensorPart | None
) -> Predicted | Pictures | None:
    real = None if part is None else part.targets[output].numpy().reshape(-1, *task.shape)
    new = member.model.sample(output, _SAMPLES, torch_stream(stream(member.run.config.seed, "report"))).numpy()
    if len(task.shape) == 3 and task.shape[0] in (1, 3):
        return Pictures(
            output,
            member.candidate,
            png(side_by_side(new)),
            None if real is None else png(side_by_side(real[:_SAMPLES])),
        )
    return None if real is None else Predicted(output, task, member.candidate, real, new)

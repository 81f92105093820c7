"""Sampling: draws new samples from a run's model into a file that a person or another program can read."""

from __future__ import annotations

from math import ceil, sqrt
from pathlib import Path

import numpy as np

from valpnas.errors import ConfigError, UnknownNameError
from valpnas.graph.tasks import Generation, Task
from valpnas.opened_run import FrontMember, Run
from valpnas.seeding import stream, torch_stream
from valpnas.store.files import explained

_MOST = 1_000_000  # samples at once, all of which are in memory
_GAP = 1  # pixels between two images
_SIDE = 600  # pixels of the longer side of a picture, about


def write_samples(run: Run, path: Path, output: str | None, candidate: int | None, count: int, seed: int) -> str:
    """Draw ``count`` samples and write them to ``path``; return what was drawn from what, in words.

    A ``.png`` shows images side by side; a ``.csv`` has one sample per row, its values in the order of its shape.

    Args:
        run: an opened run.
        path: the file to write.
        output: a generation output; None when the problem has only one.
        candidate: a model on the front; None for the one with the best validation objective for ``output``.
        count: how many.
        seed: of the draws.

    Raises:
        ConfigError: no such output or model, or a file name of another kind.
        StoreError: the file cannot be written.
    """
    if count < 1:
        raise ConfigError(f"--count: expected at least 1, got {count}")
    if count > _MOST:
        raise ConfigError(f"--count: expected at most {_MOST:,}, got {count:,}; draw them with several seeds")
    if seed < 0:
        raise ConfigError(f"--seed: expected at least 0, got {seed}")
    name = _output(run, output)
    member = _member(run, name, candidate)
    (task,) = (each.task for each in run.problem.outputs if each.name == name)
    _check_name(path, task)
    values = member.model.sample(name, count, torch_stream(stream(seed, "sample"))).numpy()
    with explained(path, "write"):
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, values)
    return f"{count} samples of {name!r} from model {member.candidate} in {path}"


def _output(run: Run, asked: str | None) -> str:
    known = [output.name for output in run.problem.outputs if isinstance(output.task, Generation)]
    if not known:
        named = ", ".join(f"{output.name} ({output.task.name})" for output in run.problem.outputs)
        raise ConfigError(f"expected a run with an output that is generated, got {named}; nothing of it can be sampled")
    if asked is None and len(known) == 1:
        return known[0]
    if asked is None:
        raise ConfigError(f"expected a problem with one output to sample, got {', '.join(known)}; give --output")
    if asked not in known:
        raise UnknownNameError("generation output", asked, known)
    return asked


def _member(run: Run, output: str, candidate: int | None) -> FrontMember:
    front = {member.candidate: member for member in run.front}
    if not front:
        raise ConfigError(f"{run.path}: expected a trained model, got none yet; resume the run")
    best = min(front.values(), key=lambda member: member.validation[output])
    if candidate is not None and candidate not in front:
        raise ConfigError(f"--candidate: expected a model on the front, {sorted(front)}, got {candidate}")
    return best if candidate is None else front[candidate]


def _check_name(path: Path, task: Task) -> None:
    """Raise ``ConfigError`` unless the samples of ``task`` can be written to a file called so."""
    images = isinstance(task, Generation) and len(task.shape) == 3 and task.shape[0] in (1, 3)
    if path.suffix not in ((".png", ".csv") if images else (".csv",)):
        wanted = "a .png or .csv file" if images else "a .csv file, for the samples are no images"
        raise ConfigError(f"--out: expected {wanted}, got {path.name!r}")


def _write(path: Path, values: np.ndarray) -> None:
    if path.suffix == ".csv":
        np.savetxt(path, values.reshape(len(values), -1), delimiter=",", fmt="%.6g")
        return
    from matplotlib.pyplot import imsave  # it takes a second to load

    picture = side_by_side(values)
    zoom = max(1, round(_SIDE / max(picture.shape[:2])))  # small images are drawn larger, pixel by pixel
    imsave(path, picture.repeat(zoom, axis=0).repeat(zoom, axis=1), cmap="gray", vmin=0, vmax=1)


def side_by_side(images: np.ndarray) -> np.ndarray:
    """Return images ``(n, channels, height, width)`` as one ``(rows, columns[, channels])``, a gap between them."""
    across = ceil(sqrt(len(images)))
    down = ceil(len(images) / across)
    n, channels, height, width = images.shape
    tiles = np.ones((down * across, height + _GAP, width + _GAP, channels), dtype=np.float32)
    tiles[:n, :height, :width] = images.transpose(0, 2, 3, 1)
    grid = tiles.reshape(down, across, *tiles.shape[1:]).swapaxes(1, 2)
    whole = grid.reshape(down * (height + _GAP), across * (width + _GAP), channels)
    return whole[..., 0] if channels == 1 else whole

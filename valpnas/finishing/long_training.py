"""Long training: how networks are trained after a search, as the run file of a run of no steps (table 3; facts B11)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from valpnas import run as runs
from valpnas.config import KEYS, OF_THE_PLACE, RunConfig
from valpnas.contracts.problem import Parts, Problem, Reader
from valpnas.errors import ConfigError, StoreError
from valpnas.networks.cell_spec import CellSpec
from valpnas.opened_run import Run, folder_now
from valpnas.resuming import resume
from valpnas.searching import Say
from valpnas.store.problems import read_problem
from valpnas.training.data import fingerprint
from valpnas.training.engine import batches_per_epoch

DROP_PATH = {"image": 0.4, "series": 0.6}
CUTOUT = 0.25  # of each side: 8 pixels of 32
LABEL_SMOOTHING = 0.1
_BY_BATCH_SIZE = ("initial_batches", "learning_rate")  # keys of the run file that follow from another one
_ASKED_AS = {"initial_batches": "number of epochs", "augmentation": "cutout", "network": "cell, stack or second exit"}


@dataclass(frozen=True)
class LongTraining:
    """What is asked of a training; None stands for what the protocol has, or a selection had.

    ``batch_size`` 0 is that of the search, whose learning rate grows and shrinks with the batch.
    """

    epochs: int | None = None
    batch_size: int = 0
    drop_path: float | None = None
    label_smoothing: float | None = None
    cutout: float | None = None
    second_exit: bool | None = None
    seed: int | None = None
    device: str = ""
    data_dir: str = ""
    quiet: bool = False
    report: bool = True

    def __post_init__(self) -> None:
        """Raise ``ConfigError`` for no epoch at all or a negative batch size."""
        if self.epochs is not None and self.epochs < 1:
            raise ConfigError(f"epochs: expected at least 1, got {self.epochs}")
        if self.batch_size < 0:
            raise ConfigError(f"batch_size: expected at least 1, or 0 for that of the search, got {self.batch_size}")


def long_config(
    base: RunConfig, spec: CellSpec, kind: str, rows: int, epochs: int, asked: LongTraining, out: Path
) -> RunConfig:
    """Return the run file of a training on ``rows`` rows, based on that of a search (POPNASv3 4.1).

    ``kind`` is that of the input, image or series. The best epoch on validation rows counts.
    """
    size = min(asked.batch_size or base.batch_size, rows)
    cutout = (CUTOUT if asked.cutout is None else asked.cutout) if kind == "image" else 0.0
    return RunConfig(
        problem=base.problem,
        start="single",
        network={"kind": spec.kind, **spec.to_json()},
        chooser="train-only",
        steps=0,
        initial_batches=epochs * batches_per_epoch(rows, size),
        batch_size=size,
        learning_rate=base.learning_rate * (size / base.batch_size if asked.batch_size else 1.0),
        algorithm=base.algorithm,
        weight_decay=base.weight_decay,
        schedule="cosine",
        drop_path=DROP_PATH[kind] if asked.drop_path is None else asked.drop_path,
        label_smoothing=LABEL_SMOOTHING if asked.label_smoothing is None else asked.label_smoothing,
        augmentation=replace(base.augmentation, cutout=cutout),
        select="best-epoch",
        engine=base.engine,
        precision=base.precision,
        seed=base.seed if asked.seed is None else asked.seed,
        device=asked.device or base.device,
        data_dir=asked.data_dir or str(folder_now(base) or ""),
        out=str(out),
        quiet=asked.quiet,
        report=asked.report,
    )


def data_of(run: Run, asked: LongTraining) -> tuple[Problem, Parts]:
    """Return the problem of ``run`` and its parts, which were read once.

    Raises:
        StoreError: they are not those that the run was made on.
        DataError: they cannot be read.
    """
    problem = run.problem
    folder = Path(asked.data_dir) if asked.data_dir else folder_now(run.config)
    parts = problem.load(Reader(folder))
    expected, found = read_problem(run.path)["fingerprint"], fingerprint(parts)
    if expected != found:
        raise StoreError(
            f"{run.path}: expected the data this run was made on (fingerprint {expected}), got {found}; "
            "put the original data back or search anew"
        )
    return replace(problem, load=lambda _: parts), parts


def beside(path: Path, what: str) -> Path:
    """Return the folder next to ``path`` that is called after it and ``what``."""
    whole = path.resolve()
    return whole.with_name(f"{whole.name}-{what}")


def trained(config: RunConfig, problem: Problem, say: Say) -> Run:
    """Return the run at ``config.out``: as it ended, gone on with, or begun.

    Raises:
        ConfigError: there is one of other settings.
        TrainingFailedError: the network cannot be trained.
    """
    path = Path(config.out)
    if not (path / "run.toml").is_file():
        return runs.start(config, problem, say, complain=say)
    run = Run(path)
    if other := _other_settings(run.config, config):
        raise ConfigError(
            f"{path}: expected a training of these settings to go on with, got another {', '.join(other)}; give the "
            "settings it had, or another --out"
        )
    return run if run.ended else resume(path, say, quiet=config.quiet, complain=say)


def _other_settings(one: RunConfig, other: RunConfig) -> list[str]:
    """Return what differs, by the names of what a person can ask for."""
    decide = [key for key in KEYS if key not in (*OF_THE_PLACE, "space")]
    differ = [key for key in decide if getattr(one, key) != getattr(other, key)]
    follow = _BY_BATCH_SIZE if "batch_size" in differ else ()
    return [_ASKED_AS.get(key, key) for key in differ if key not in follow]

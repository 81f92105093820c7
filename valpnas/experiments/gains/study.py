"""The study: base models on disk one by one, each whole or not there; then one table of all, with its digest."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from tqdm import tqdm

from valpnas import run as runs
from valpnas.contracts.operator import Site
from valpnas.errors import ConfigError, ExecutionError, StoreError, ValpnasError
from valpnas.execution.pool import Order, Pool
from valpnas.experiments.gains.base import Laboratory
from valpnas.experiments.gains.measured import Measured, read_measured, to_csv
from valpnas.experiments.gains.settings import FORMAT, GainSettings, as_noted
from valpnas.graph.valp_json import valp_to_json
from valpnas.opened_run import prepared_data
from valpnas.run_checks import check
from valpnas.search.build import build_engine
from valpnas.searching import about
from valpnas.store.files import explained, read_json, whole, write_json, write_text
from valpnas.store.lock import locked
from valpnas.store.models import save_weights
from valpnas.training.device import small_network_settings
from valpnas.working import evaluator_of

Say = Callable[[str], None]


def unheard(message: str) -> None:
    """Say nothing: a worker process has nobody to speak to."""


@dataclass(frozen=True)
class Assistant:
    """Does base models in a worker process; called there once, it reads the data and returns what does each."""

    settings: GainSettings
    out: Path

    def __call__(self) -> Callable[[int], str]:
        """Make the laboratory; what it returns says why a model could not be done, or nothing."""
        laboratory = self.laboratory()
        return lambda number: _told(laboratory, number, self.out)

    def laboratory(self) -> Laboratory:
        """Read the data, and return what trains and judges by the engine that the settings name."""
        with small_network_settings():
            run = self.settings.run
            evaluator = evaluator_of(prepared_data(runs.problem_of(run), run, None), quiet=True)
        return Laboratory(self.settings, evaluator, build_engine(run, unheard))


def do_base(laboratory: Laboratory, number: int, out: Path) -> None:
    """Write what is measured of one base model to ``out``: its table last, which says that it is complete."""
    with small_network_settings():
        base = laboratory.base(number)
        found = [finding.to_json() for finding in laboratory.findings(base, number)]
        traits = laboratory.traits(base)
        tried = [(None, Site()), *laboratory.changes(base, number)]
        repeats = range(laboratory.settings.options.repeats)
        rows = [row for how, site in tried for r in repeats for row in laboratory.measure(base, number, how, site, r)]
    save_weights(base, out / f"{number:05d}.safetensors")
    write_json(_model(out, number), {"valp": valp_to_json(base.valp), "findings": found, "traits": traits})
    write_text(_table(out, number), to_csv(rows))


def _told(laboratory: Laboratory, number: int, out: Path) -> str:
    try:
        do_base(laboratory, number, out)
    except ValpnasError as error:
        return str(error)
    return ""


@dataclass(frozen=True)
class Study:
    """What the experiment measured; ``notes`` say what was done and on what."""

    rows: tuple[Measured, ...]
    models: tuple[dict[str, Any], ...]  # "valp", "findings" and "traits" of each before it was changed, as plain data
    notes: dict[str, Any]


def conduct(settings: GainSettings, out: Path, workers: int, say: Say, quiet: bool) -> Study:
    """Do what is missing of the experiment in the folder ``out`` and return all of it.

    Raises:
        ConfigError: the folder holds an experiment with other settings.
        ValpnasError: data that cannot be read, a model that cannot be trained.
    """
    check(settings.run)
    with explained(out, "create"):
        out.mkdir(parents=True, exist_ok=True)
    with locked(out / ".lock", "experiment"):
        _check_same(settings, out)
        missing = [n for n in range(settings.options.models) if not _table(out, n).exists()]
        say(f"{settings.run.problem}: {settings.options.models} models, {len(missing)} to do; all of it in {out}")
        _do(missing, Assistant(settings, out), workers, quiet)
        return _gathered(settings, out)


def read_study(table: Path) -> Study:
    """Read a table with its companions; raises ``StoreError`` when one is missing, or was altered since."""
    notes, models = read_json(table.with_suffix(".json")), _beside(table)
    with explained(table, "read"):
        digest = _digest(table.read_bytes(), models.read_bytes())
    with whole(table.with_suffix(".json"), "the notes of an operator experiment"):
        if notes["format"] != FORMAT or notes["sha256"] != digest:
            raise StoreError(f"{table}: expected the table its notes describe, got another; take it from a copy")
    return Study(tuple(read_measured(table)), tuple(read_json(models)), notes)


def _do(missing: Sequence[int], assistant: Assistant, workers: int, quiet: bool) -> None:
    pool: Pool[int] = Pool([assistant] * workers)
    try:
        for number in missing:
            pool.submit(Order(number, number))
        with tqdm(total=len(missing), unit="model", disable=quiet, dynamic_ncols=True) as bar:
            for done in pool.results():
                if why := done.lost or done.answer:
                    raise ExecutionError(f"model {done.key} could not be done: {why}; the same command goes on")
                bar.update()
    finally:
        pool.close()


def _gathered(settings: GainSettings, out: Path) -> Study:
    """Write the table of all models and its notes."""
    numbers = range(settings.options.models)
    rows = [row for number in numbers for row in read_measured(_table(out, number))]
    models = [read_json(_model(out, number)) for number in numbers]
    table = out / "gains.csv"
    write_text(table, to_csv(rows))
    write_json(_beside(table), models)
    notes = {
        "format": FORMAT,
        "settings": settings.to_json(),
        "models": settings.options.models,
        "sha256": _digest(table.read_bytes(), _beside(table).read_bytes()),
        "date": f"{datetime.now().astimezone():%Y-%m-%d}",
        "about": about(settings.run),
    }
    write_json(table.with_suffix(".json"), notes)
    return Study(tuple(rows), tuple(models), notes)


def _digest(*contents: bytes) -> str:
    return sha256(b"".join(contents)).hexdigest()


def _beside(table: Path) -> Path:
    return table.with_name(f"{table.stem}-models.json")


def _check_same(settings: GainSettings, out: Path) -> None:
    """Note the settings in a new folder; raise ``ConfigError`` when those of an earlier sitting were others."""
    file, wanted = out / "settings.json", json.loads(json.dumps(settings.to_json()))
    if not file.exists():
        write_json(file, wanted)
        return
    known = as_noted(read_json(file))
    for key in sorted({*known, *wanted}):
        if known.get(key) != wanted.get(key):
            raise ConfigError(
                f"{out}: expected {key} = {known.get(key)!r} as in the experiment there, got {wanted.get(key)!r}; "
                "use the same settings, or another folder"
            )


def _table(out: Path, number: int) -> Path:
    return out / f"{number:05d}.csv"


def _model(out: Path, number: int) -> Path:
    return out / f"{number:05d}.json"

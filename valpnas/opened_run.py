"""A run opened for reading: its summary, its front, and the models on it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from valpnas import catalog
from valpnas.config import JOINED, RunConfig, data_folder
from valpnas.contracts.model import Model
from valpnas.contracts.problem import Problem, Reader
from valpnas.errors import StoreError
from valpnas.graph.valp import Valp
from valpnas.report.latest import latest
from valpnas.report.summary import history, summarise
from valpnas.run_files import read_begun_run_file
from valpnas.store.problems import load_in_memory_problem, read_problem
from valpnas.store.run_directory import RunDirectory
from valpnas.store.test_objectives import read_test_objectives
from valpnas.training.data import Prepared, prepare
from valpnas.training.designed import DesignedModel
from valpnas.training.device import resolve_device
from valpnas.training.transforms import Transforms


@dataclass(frozen=True)
class FrontMember:
    """A model on the front: its validation and test objectives per output, and the model itself."""

    run: Run
    candidate: int
    validation: Mapping[str, float]
    test: Mapping[str, float]
    parameters: int

    @cached_property
    def model(self) -> DesignedModel:
        """The trained model as a torch module that takes raw inputs."""
        return DesignedModel(self.run.model(self.candidate), self.run.transforms)


class Run:
    """A run on disk, opened for reading."""

    def __init__(self, path: Path) -> None:
        """Open the run at ``path``; raises ``StoreError`` when there is none."""
        self.path = path
        self.page: Path | None = None  # written by the search that returned this object, where it wrote one
        self._directory = RunDirectory(path)

    @cached_property
    def config(self) -> RunConfig:
        """The run file, with the engine that the run was begun with."""
        return read_begun_run_file(self.path)

    @cached_property
    def problem(self) -> Problem:
        """The problem, with its data yet to be read."""
        return self._problem()

    @cached_property
    def transforms(self) -> Transforms:
        """The pre-processing that was fitted on the training rows; the data themselves are not needed for it."""
        return Transforms.from_json(read_problem(self.path)["transforms"])

    @cached_property
    def prepared(self) -> Prepared:
        """The problem's data, pre-processed, on the CPU."""
        return prepared_data(self.problem, replace(self.config, device="cpu"), self.path)

    @property
    def ended(self) -> bool:
        """Whether the search had ended, and its front was looked at, when this object was made."""
        last = self._directory.journal.last
        return last is not None and last["event"] == "ended"

    def summary(self) -> dict[str, Any]:
        """Return budgets, front, hypervolume and seconds as plain data."""
        return summarise(self._directory)

    def history(self) -> list[dict[str, Any]]:
        """Return one row per candidate: what it was, why, and what came of it."""
        return history(self._directory)

    def latest(self, last: int) -> list[dict[str, Any]]:
        """Return a row for each of the ``last`` candidates, as ``show`` tells of them (``report.latest``)."""
        return latest(self._directory, last)

    @property
    def identity(self) -> str:
        """32 hexadecimal digits that no other run has, wherever its folder is: of the first result, with its times.

        Empty where nothing was trained yet.
        """
        first = next(iter(self._directory.journal.of("trained")), None)
        return hashlib.sha256(json.dumps(first, sort_keys=True).encode()).hexdigest()[:32] if first else ""

    def curve(self, candidate: int) -> list[dict[str, float]]:
        """Return a candidate's validation objectives at each checkpoint; empty where the last state counts."""
        events = self._directory.journal.of("trained")
        return [objectives for e in events if e["candidate"] == candidate for objectives in e.get("curve", [])]

    def model(self, candidate: int) -> Model:
        """Return a kept candidate's model; raises ``StoreError`` when its weights were not kept."""
        return self._directory.model(candidate)

    def valp(self, candidate: int) -> Valp:
        """Return a candidate's graph, which is there also without weights; raises ``StoreError`` when it is not."""
        return self._directory.valp(candidate)

    def networks(self) -> list[str]:
        """Return a line for each sub-network of the front that its kind alone does not describe, and for each fault."""
        return [line for member in self.front for line in self._networks(member.candidate)]

    def _networks(self, candidate: int) -> list[str]:
        try:
            specs = self._directory.valp(candidate).specs
        except StoreError as error:  # the figures of the run can be shown nevertheless
            return [f"model {candidate}: {error}"]
        return [f"model {candidate}, {name}: {spec.summary}" for name, spec in specs.items() if spec.summary]

    @cached_property
    def front(self) -> tuple[FrontMember, ...]:
        """The models that validation chose, by number."""
        test = read_test_objectives(self.path)
        return tuple(
            FrontMember(self, m["candidate"], m["validation"], test.get(m["candidate"], {}), m["parameters"])
            for m in self.summary()["front"]
        )

    def _problem(self) -> Problem:
        if read_problem(self.path)["in_memory"]:
            return load_in_memory_problem(self.path)  # whose parts are those that the run was given
        problem = catalog.problem(self.config.problem, folder_now(self.config))
        return problem.joined() if self.config.train_on == JOINED else problem


def folder_now(config: RunConfig) -> Path | None:
    """Return the folder of data files of a run that exists: the one named now goes before the one named then."""
    folder = os.environ.get("VALPNAS_DATA") or config.data_dir  # data may have moved
    return Path(folder) if folder else None


def prepared_data(problem: Problem, config: RunConfig, path: Path | None, data_dir: Path | None = None) -> Prepared:
    """Read the data; for an existing run they must be those it was made on. ``data_dir`` goes before all else."""
    folder = data_dir or (data_folder(config) if path is None else folder_now(config))
    prepared = prepare(problem, Reader(folder), resolve_device(config.device))
    if path is not None and (expected := read_problem(path)["fingerprint"]) != prepared.fingerprint:
        raise StoreError(
            f"{path}: expected the data this run was made on (fingerprint {expected}), got {prepared.fingerprint}; "
            "put the original data back or start a new run"
        )
    return prepared

"""Diagnosing: what the diagnostics see in a model, of a run or in files of its own, through the search's workbench."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from valpnas import catalog
from valpnas.config import data_folder
from valpnas.config_tables import config_from
from valpnas.contracts.finding import Finding
from valpnas.contracts.model import Model
from valpnas.contracts.problem import Problem
from valpnas.contracts.space import Space
from valpnas.errors import ConfigError, PluginError, StoreError
from valpnas.graph.validity import check_same_outputs, validate
from valpnas.graph.valp import Valp
from valpnas.networks.module import ValpModule
from valpnas.opened_run import Run, prepared_data
from valpnas.report.diagnosis import Diagnosis, Subject, diagnosis
from valpnas.report.models import best_first
from valpnas.search.build import build_operators
from valpnas.search.workbench import RunWorkbench
from valpnas.store.models import load_model
from valpnas.store.problems import read_problem
from valpnas.store.replay import Asked
from valpnas.store.run_directory import RunDirectory
from valpnas.store.seen import Seen
from valpnas.training.data import Prepared
from valpnas.training.device import small_network_settings
from valpnas.training.objectives import constant_losses

_OUTSIDE = -1  # the number of a model that belongs to no run


def look(
    bench: RunWorkbench, candidate: int, names: Sequence[str], say: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """Return what the named diagnostics see, as a run stores it.

    One that breaks is named with its error, and the others are heard.
    """
    seen: dict[str, Any] = {"candidate": candidate, "findings": [], "seconds": {}}
    for name in names:
        try:
            seen["findings"] += [finding.to_json() for finding in bench.findings(candidate, [name])]
            seen["seconds"][name] = bench.seconds[candidate, name]
        except PluginError as error:
            seen.setdefault("errors", {})[name] = str(error)
            say(f"candidate {candidate} was not looked at by every diagnostic: {error}")
    return seen


def diagnose_run(
    run: Run, candidate: int | None = None, fresh: bool = False, data_dir: Path | None = None
) -> Diagnosis:
    """Return the diagnosis of a kept model of ``run``, which is only read.

    Args:
        run: an opened run.
        candidate: a model whose weights are kept; None for the one on the front with the lowest mean log objective.
        fresh: look again although the run has stored findings on it.
        data_dir: folder with data files, read only to look again; None for that of the run.

    Raises:
        ConfigError: there is no such candidate, its weights are not kept, or nothing was trained yet.
        StoreError: the run or its data cannot be read.
    """
    directory = RunDirectory(run.path)
    chosen, why = _chosen(run, directory, candidate)
    model = directory.model(chosen)
    seen = None if fresh else directory.read_diagnostics(chosen, model.valp)
    stored = seen is not None
    if seen is None:
        with small_network_settings():
            config = replace(run.config, device="cpu")
            bench = _bench(run, directory, prepared_data(run.problem, config, run.path, data_dir))
            seen = _look_now(bench, chosen)
    told = read_problem(run.path)
    objectives, notes = _objectives(directory, chosen), tuple(told.get("notes", ()))
    subject = Subject(str(run.path), told["name"], chosen, why, stored, objectives, notes)
    return diagnosis(subject, model, seen.findings, build_operators(run.config)[0], seen.errors)


def diagnose_files(graph: Path, weights: Path, problem: str, data_dir: Path | None = None) -> Diagnosis:
    """Return the diagnosis of a saved model that need not belong to a run.

    Args:
        graph: its VALP (``valpnas-valp/1``).
        weights: its weights (``valpnas-weights/1``).
        problem: a problem's name or ``package.module:function``.
        data_dir: folder with data files; None for that of ``VALPNAS_DATA``, or the cache.

    Raises:
        ValpnasError: a file cannot be read, or graph, weights and problem do not belong together.
    """
    config = config_from({"problem": problem, "device": "cpu", "data_dir": str(data_dir or "")})
    chosen = catalog.problem(problem, data_folder(config))
    model = load_model(graph, weights)
    _check_fits(model, chosen, graph, weights)
    operators = build_operators(config)[0]
    with small_network_settings():
        prepared = prepared_data(chosen, config, None)
        losses = constant_losses(model.valp.tasks, prepared.train)
        bench = RunWorkbench(_Alone(model), prepared, losses, Space(), operators, config.seed)
        seen = _look_now(bench, _OUTSIDE)
    subject = Subject(str(weights), chosen.name, _OUTSIDE, "", False, notes=chosen.notes)
    return diagnosis(subject, model, seen.findings, operators, seen.errors)


@dataclass(frozen=True, eq=False)
class _Alone:
    """Implements ``search.workbench.Shelf`` for a model that belongs to no run and has no peers."""

    only: Model

    def model(self, candidate: int) -> Model:  # noqa: ARG002 - there is one
        return self.only

    def valp(self, candidate: int) -> Valp:  # noqa: ARG002
        return self.only.valp

    def replay(self) -> Iterable[Asked]:
        return []


def _look_now(bench: RunWorkbench, candidate: int) -> Seen:
    looked = look(bench, candidate, [entry.name for entry in catalog.entries("diagnostics")])
    return Seen(tuple(Finding.from_json(finding) for finding in looked["findings"]), looked.get("errors", {}))


def _bench(run: Run, directory: RunDirectory, prepared: Prepared) -> RunWorkbench:
    """Return a workbench as the run has it, with its random streams, so that a second look sees what the first saw."""
    tasks = {output.name: output.task for output in run.problem.outputs}
    losses = constant_losses(tasks, prepared.train)
    operators = build_operators(run.config)[0]
    return RunWorkbench(directory, prepared, losses, run.config.space, operators, run.config.seed)


def _chosen(run: Run, directory: RunDirectory, candidate: int | None) -> tuple[int, str]:
    """Return the candidate to look at and why."""
    kept = directory.kept()
    if candidate is None:
        return _best(run), "the model of the front with the lowest mean log objective"
    if candidate not in {event["candidate"] for event in directory.journal.of("proposed")}:
        raise ConfigError(
            f"--candidate: expected one that the run has tried, got {candidate}; the kept ones are {kept}"
        )
    if candidate not in kept:
        raise ConfigError(
            f"--candidate: expected one whose weights were kept, {kept}, got {candidate}; "
            "a run keeps its front and its current model"
        )
    return candidate, "as asked"


def _best(run: Run) -> int:
    if not run.front:
        raise ConfigError(f"{run.path}: expected a trained model, got none yet; resume the run")
    return int(best_first(run.summary()["front"], read_problem(run.path)["ideal"])[0]["candidate"])


def _objectives(directory: RunDirectory, candidate: int) -> dict[str, float]:
    trained = [e["objectives"] for e in directory.journal.of("trained") if e["candidate"] == candidate]
    return dict(trained[-1]) if trained else {}


def _check_fits(model: Model, problem: Problem, graph: Path, weights: Path) -> None:
    """Raise ``ValpnasError`` unless graph, weights and problem belong together."""
    validate(model.valp)
    check_same_outputs(model.valp, {output.name: output.task for output in problem.outputs}.items())
    if foreign := [vertex.name for vertex in model.valp.inputs if vertex not in problem.inputs]:
        raise ConfigError(
            f"{graph}: expected inputs of problem {problem.name!r}, got {foreign[0]!r}; name the problem it was made on"
        )
    with torch.device("meta"):  # shapes without memory
        wanted = {name: tuple(tensor.shape) for name, tensor in ValpModule(model.valp).state_dict().items()}
    found = {name: tuple(tensor.shape) for name, tensor in {**model.weights, **model.buffers}.items()}
    strange = {str(pair) for pair in wanted.items() ^ found.items()} | (set(model.valp.specs) ^ set(model.ages))
    if strange:
        raise StoreError(
            f"{weights}: expected the weights of {graph}, got those of another graph ({min(strange)}); name its own"
        )

"""The plan: which runs a comparison needs, where each lies, in which order they are done, and what is there already."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from valpnas import catalog
from valpnas.config import OF_THE_PLACE, RunConfig, data_folder
from valpnas.errors import StoreError
from valpnas.experiments.arms import Arm
from valpnas.experiments.comparison import Comparison
from valpnas.proxy_protocol import left_open
from valpnas.run_files import read_begun_run_file
from valpnas.search.build import build_space, trains_cells
from valpnas.store.range_tests import read_range_test
from valpnas.store.run_directory import RunDirectory

State = Literal["new", "begun", "ended"]
Chosen = Mapping[str, Mapping[str, Any]]  # by arm, the keys that tuning and the winner decided


@dataclass(frozen=True)
class Task:
    """One run of a comparison: an arm's, in a pair, or in a round of tuning with the keys ``tried``."""

    arm: str
    number: int
    folder: Path
    config: RunConfig
    tried: tuple[tuple[str, float], ...] = ()


def pair_tasks(
    comparison: Comparison, arms: Sequence[Arm], pairs: Iterable[int], chosen: Chosen, out: Path
) -> list[Task]:
    """Return the runs of ``pairs``, pair by pair.

    A machine's load drifts, so the runs of a pair follow one another, and each pair begins with another arm.
    """
    return [
        Task(
            arm.name,
            pair,
            out / "runs" / f"{arm.name}-{pair}",
            comparison.config(arm, pair, chosen.get(arm.name, {})),
        )
        for pair in pairs
        for arm in _turned(arms, pair)
    ]


def tuning_tasks(comparison: Comparison, arms: Sequence[Arm], size: Mapping[str, Any], out: Path) -> list[Task]:
    """Return every arm at every combination of what is tuned, on seeds that no pair has.

    ``size`` is the key that gives arms like the winner their size.
    """
    return [
        Task(
            arm.name,
            number,
            out / "tuning" / f"{arm.name}-{_slug(tried)}-{number}",
            comparison.config(arm, number, {**(size if arm.like_winner else {}), **tried}, tuning=True),
            tuple(tried.items()),
        )
        for number in range(comparison.options.tune_pairs)
        for tried in comparison.options.candidates
        for arm in arms
    ]


def state_of(folder: Path, config: RunConfig) -> State:
    """Say how far the run in ``folder`` is.

    Raises:
        StoreError: the folder holds a run with other settings.
    """
    if not (folder / "run.toml").is_file():
        return "new"
    begun = read_begun_run_file(folder)
    if not config.learning_rate and read_range_test(folder):
        begun = replace(begun, learning_rate=0.0)  # what was found is no setting
    found = _comparable(begun)
    wanted = _as_begun(config, _comparable(config), found)
    if differing := [key for key in wanted if wanted[key] != found[key]]:
        key = differing[0]
        raise StoreError(
            f"{folder}: expected a run with {key} = {wanted[key]!r}, found one with {found[key]!r}; "
            "choose another --out"
        )
    events = RunDirectory(folder).journal.events
    return "ended" if events and events[-1]["event"] == "ended" else "begun"


def _turned(arms: Sequence[Arm], by: int) -> Sequence[Arm]:
    first = by % len(arms)
    return [*arms[first:], *arms[:first]]


def _slug(tried: Mapping[str, float]) -> str:
    return "-".join(f"{key.replace('_', '-')}-{value:g}" for key, value in tried.items())


def _as_begun(config: RunConfig, wanted: dict[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``wanted`` with what the run of a search of cells was left to decide."""
    if not trains_cells(config):
        return wanted
    keys = [key.split(".") for key in left_open(config)]
    inner = {key[-1]: found["cell_search"][key[-1]] for key in keys if len(key) > 1}
    outer = {key[0]: found[key[0]] for key in keys if len(key) == 1}
    return {**wanted, **outer, "cell_search": {**wanted["cell_search"], **inner}}


def _comparable(config: RunConfig) -> dict[str, Any]:
    # A run writes down what its problem decided of the space.
    space = build_space(config.space, catalog.problem(config.problem, data_folder(config)))
    config = replace(config, space=space)
    settings = {key: value for key, value in config.settings().items() if key not in OF_THE_PLACE}
    if config.start.endswith(".json"):
        settings["start"] = str(Path(config.start).absolute())
    return settings

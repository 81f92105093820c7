"""Tables: the analysis as rows of text, the same for the terminal and the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from valpnas.config import RunConfig, goes_by_size
from valpnas.experiments.duel import PARTS, ArmResult, Block, Duel, Figures, OutputFigures
from valpnas.proxy_protocol import FILLED_IN
from valpnas.report.numbers import hypervolume, objective
from valpnas.search.build import ignored, trains_cells


@dataclass(frozen=True)
class Table:
    """A title, the names of the columns, and rows of text; the first ``words`` columns hold words, not figures."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: int = 1


_ARM_COLUMNS = (
    "arm",
    "hypervolume validation",
    "hypervolume test",
    "points per pair val/test",
    "points pooled val/test",
    "front",
    "parameters",
    "batches",
    "seconds",
)
_DUEL_COLUMNS = (
    "comparison",
    "part",
    "verdict",
    "difference",
    "wins-ties-losses",
    "p",
    "p Holm",
    "effect",
    "points per pair",
    "points pooled",
)


def tables_at(block: Block) -> tuple[Table, ...]:
    """Return all that is told of one checkpoint: arms, outputs, comparisons."""
    return arm_table(block), output_table(block), duel_table(block)


def arm_table(block: Block) -> Table:
    """Return what each arm had come to, the highest validation hypervolume first."""
    return Table(f"{block.checkpoint}: the arms", _ARM_COLUMNS, tuple(map(_arm_row, _ranked(block))))


def output_table(block: Block) -> Table:
    """Return where each arm is good: its test objective by output, lower is better; arms in the order of ``arm_table``.

    Each output has its own model: that of the front which is best on validation rows.
    """
    ranked = _ranked(block)
    names = sorted({name for result in ranked for name in result.outputs})
    rows = tuple((result.arm, *(_output(result.outputs.get(name)) for name in names)) for result in ranked)
    return Table(
        f"{block.checkpoint}: the outputs on test rows, each by its best model of the front", ("arm", *names), rows
    )


def _ranked(block: Block) -> list[ArmResult]:
    return sorted(block.arms, key=lambda result: -result.on["validation"].mean)


def _output(figures: OutputFigures | None) -> str:
    if figures is None or figures.mean is None:
        return "-"
    spread = "" if figures.spread is None else f" ± {objective(figures.spread, '.4f')}"
    return objective(figures.mean, ".4f") + spread + (f" ({figures.missing} without)" if figures.missing else "")


def duel_table(block: Block) -> Table:
    """Return how the arms compare, each as the first against the second."""
    return Table(f"{block.checkpoint}: the comparisons", _DUEL_COLUMNS, tuple(map(_duel_row, block.duels)), words=3)


def choice_table(choices: Mapping[str, Any]) -> Table:
    """Return what tuning tried and chose per arm."""
    rows = tuple(
        (
            arm,
            _keys(choice["chosen"]),
            ", ".join(f"{_keys(_tried(t))}: {hypervolume(t['hypervolume'])}" for t in choice["tried"]),
        )
        for arm, choice in choices.items()
    )
    return Table("tuning, by validation hypervolume", ("arm", "chosen", "tried"), rows, words=3)


def setting_table(settings: Mapping[str, Any], shown: Sequence[str]) -> Table:
    """Return the settings of the arms: those ``shown``, and whatever they differ in; of each what its search takes."""
    given = {name: _with_size_where_used(arm) for name, arm in settings["arms"].items()}
    arms = {name: _as_taken(arm) for name, arm in given.items()}
    keys = [
        key
        for key in dict.fromkeys(key for arm in given.values() for key in arm)
        if (key in shown or _differs(key, list(given.values())))
        and any(arm.get(key, "") != "" for arm in arms.values())
    ]
    rows = tuple((name, *(_cell(arm.get(key, "")) for key in keys)) for name, arm in arms.items())
    return Table("the arms", ("arm", *(key.replace("_", " ") for key in keys)), rows, words=len(keys) + 1)


def _with_size_where_used(arm: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings without a size that no start goes by."""
    return {**arm, "start_parameters": arm["start_parameters"] if goes_by_size(arm["start"]) else ""}


def _as_taken(arm: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings without values of keys that the arm's search ignores, or fills in by its own protocol."""
    config = RunConfig("", search=arm.get("search", RunConfig.search))
    filled = [key for key in FILLED_IN if key in arm and arm[key] == getattr(RunConfig, key, None)]
    idle = [*ignored(config, arm), *(filled if trains_cells(config) else ())]
    return {**arm, **dict.fromkeys(idle, "")}


def _differs(key: str, arms: Sequence[Mapping[str, Any]]) -> bool:
    return any(arm.get(key) != arms[0].get(key) for arm in arms)


def _cell(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_cell(each)}" for key, each in value.items())
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _arm_row(result: ArmResult) -> tuple[str, ...]:
    figures = [result.on[part] for part in PARTS]
    return (
        result.arm,
        *(_hypervolume(each) for each in figures),
        "/".join(f"{each.pairwise:.1f}" for each in figures),
        "/".join(str(each.pooled) for each in figures),
        f"{result.front:.1f}",
        "-" if result.parameters is None else f"{result.parameters:,.0f}",
        f"{result.batches:,.0f}",
        f"{result.seconds:.1f}",
    )


def _hypervolume(figures: Figures) -> str:
    return f"{hypervolume(figures.mean)} ± {hypervolume(figures.spread)}"


def _duel_row(duel: Duel) -> tuple[str, ...]:
    figures = duel.figures
    return (
        f"{duel.one} : {duel.other}",
        f"{duel.part}, primary" if duel.primary else duel.part,
        duel.verdict,
        f"{'+' * (figures.mean >= 0)}{hypervolume(figures.mean)} ± {hypervolume(figures.spread)}",
        f"{figures.wins}-{figures.ties}-{figures.losses}",
        f"{figures.p:.3g}",
        f"{duel.corrected:.3g}",
        f"{figures.effect:+.2f}",
        "{:.1f}:{:.1f}".format(*duel.pairwise),
        "{}:{}".format(*duel.pooled),
    )


def _tried(tried: Mapping[str, float]) -> dict[str, float]:
    return {key: value for key, value in tried.items() if key != "hypervolume"}


def _keys(chosen: Mapping[str, float]) -> str:
    return " ".join(f"{key.replace('_', ' ')} {value:g}" for key, value in chosen.items())

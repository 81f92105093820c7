"""compare: the paper's main experiment - arms run as pairs, their figures recorded, compared and drawn."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from valpnas import run as runs
from valpnas import run_checks
from valpnas.errors import ConfigError, TrainingFailedError
from valpnas.experiments.analysis import analyse
from valpnas.experiments.comparison import Comparison
from valpnas.experiments.duel import Block, last_of_each_kind
from valpnas.experiments.figures import figures
from valpnas.experiments.notes import LEGEND, headlines, notes
from valpnas.experiments.page import page
from valpnas.experiments.points import trained
from valpnas.experiments.record import Record
from valpnas.experiments.runner import Runner
from valpnas.experiments.settings import settings_of
from valpnas.experiments.sitting import Sitting
from valpnas.experiments.tables import Table, choice_table, setting_table, tables_at
from valpnas.experiments.workers import Workers
from valpnas.report.numbers import counted
from valpnas.search.build import ignored
from valpnas.search.exclusive_times import deciding_times
from valpnas.store.files import explained, write_json, write_text
from valpnas.store.lock import locked
from valpnas.training.device import resolve_device

_SHOWN = (
    "search",
    "start",
    "chooser",
    "accept",
    "rejected",
    "steps",
    "population",
    "generations",
    "initial_batches",
    "batches_per_step",
    "schedule",
    "learning_rate",
)

_CAPTIONS = {
    "hypervolume": "Hypervolume over batches and over seconds: mean over the pairs and one standard deviation. "
    "Validation chooses the front, test reports that front.",
    "fronts-pairwise": "Points in the common Pareto front of each pair's runs, as in Figure 8 of the paper. The count "
    "is no measure of quality: a lucky run or much wandering fills a front.",
    "fronts-pooled": "Points in the common Pareto front of all runs of all pairs, as in Figure 9 of the paper.",
}


@dataclass(frozen=True)
class Compared:
    """A comparison that was carried out."""

    comparison: Comparison
    record: Record

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """Figures at every checkpoint."""
        return analyse(self.record, self.comparison.options)

    @property
    def notes(self) -> list[str]:
        """What a reader must know."""
        return notes(self.record, self.blocks)

    @property
    def headlines(self) -> list[str]:
        """How the arms compare at the end."""
        return headlines(self.blocks)

    def tables(self) -> list[Table]:
        """Return every table: settings, tuning, then arms, outputs and comparisons by checkpoint."""
        return self._tables(self.blocks)

    def first_asked(self) -> list[Table]:
        """Return what a terminal shows of them: the last checkpoint of each kind, with comparisons on test rows."""
        return self._tables(tuple(block.on("test") for block in last_of_each_kind(self.blocks)))

    def _tables(self, blocks: Sequence[Block]) -> list[Table]:
        of_blocks = [table for block in blocks for table in tables_at(block)]
        return [setting_table(self.record.settings, _SHOWN), choice_table(self.record.choices), *of_blocks]

    def to_json(self) -> dict[str, Any]:
        """Return everything that is shown as plain data."""
        blocks = [
            {
                "checkpoint": asdict(block.checkpoint),
                "arms": [asdict(result) for result in block.arms],
                "comparisons": [{**asdict(duel), "verdict": duel.verdict} for duel in block.duels],
            }
            for block in self.blocks
        ]
        said = {"notes": self.notes, "headlines": self.headlines}
        kept = {key: getattr(self.record, key) for key in ("settings", "pairs", "choices", "winner", "lost")}
        return {"record": str(self.record.path), **kept, **said, "checkpoints": blocks}


def check(comparison: Comparison) -> None:
    """Raise ``ValpnasError`` unless every arm could be run; nothing is made."""
    configs = [comparison.config(arm, 0, {}) for arm in comparison.arms]
    for config in configs:
        run_checks.check(config)
        run_checks.check_start(config, runs.problem_of(config))
    if idle := set(comparison.shared).intersection(*(ignored(config, comparison.shared) for config in configs)):
        raise ConfigError(
            f"{min(idle)}: expected an arm whose search takes what all share, got none; leave it out, or name a search"
        )


def weighs_times(comparison: Comparison) -> list[str]:
    """Return the arms whose searches decide by times that are to be measured while nothing else trains."""
    configs = {arm.name: comparison.config(arm, 0, {}) for arm in comparison.arms}
    return [n for n, how in configs.items() if deciding_times(how) and not how.cell_search.times_side_by_side]


def compare(
    comparison: Comparison, out: Path, append: Path | None, workers: int, say: Callable[[str], None], quiet: bool
) -> Compared:
    """Carry out ``comparison`` in the folder ``out``, from wherever an earlier sitting left it.

    Args:
        comparison: arms, pairs and settings.
        out: folder for the runs, and for the record unless ``append`` is given.
        append: a record (a CSV file) that is to have the pairs it does not have yet.
        workers: processes at a time.
        say: takes each message meant for a person.
        quiet: no progress bars.

    Raises:
        ValpnasError: settings that cannot be used or differ from the record's, a run that could not be ended, or no
            trained model in any run.
    """
    check(comparison)
    if os.path.lexists(out) and not out.is_dir():
        raise ConfigError(f"--out: expected a folder, {out} is none; choose another")
    shared = {**comparison.shared, "data_dir": comparison.shared.get("data_dir") or os.environ.get("VALPNAS_DATA", "")}
    comparison = replace(comparison, shared=shared)
    device = resolve_device(comparison.config(comparison.arms[0], 0, {}).device).type
    where, settings = append or out / "results.csv", settings_of(comparison, device)
    Record.open(where, settings)  # nothing is made beside a record that cannot be gone on with
    arms, pairs = len(comparison.arms), comparison.options.pairs
    say(f"{counted(arms, 'arm')}, {counted(pairs, 'pair')}, {workers} at a time; all of it in {out}")
    with explained(where.parent, "create"):
        where.parent.mkdir(parents=True, exist_ok=True)
    with locked(where.with_name(f".{where.stem}.lock"), "record"), Workers(workers) as processes:
        record = Record.open(where, settings)
        Sitting(comparison, record, out, Runner(processes, quiet), say).conduct()
        record.save(comparison.options.checkpoints)
    if not trained(record.points):
        raise TrainingFailedError(
            f"{where}: expected a trained model to compare, but no run of {len(record.pairs)} pairs has one: "
            f"{record.lost[0]['reason']}"
        )
    return Compared(comparison, record)


def write_report(compared: Compared, out: Path, title: str, command: str) -> None:
    """Write figures, page and ``comparison.json`` into ``out``."""
    shown = compared.comparison.options.figure_arms or tuple(compared.record.arms)
    drawn = figures(compared.record, shown)
    with explained(out, "write"):
        out.mkdir(parents=True, exist_ok=True)
        for name, png in drawn.items():
            (out / f"{name}.png").write_bytes(png)
    write_json(out / "comparison.json", compared.to_json())
    captioned = [(_CAPTIONS[name], png) for name, png in drawn.items()]
    text = page(title, compared.headlines, [*compared.notes, LEGEND], compared.tables(), captioned, command)
    write_text(out / "comparison.html", text)

"""The terminal report of a run: its front, what it tried and why, where its seconds went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from valpnas.report.rounds import round_table

_GENERATIONS = 10  # of the latest that a table shows


def print_summary(
    summary: Mapping[str, Any], steps: Sequence[Mapping[str, Any]], console: Console, networks: Sequence[str] = ()
) -> None:
    """Print a run's summary, its latest ``steps`` when there are any, and ``networks``, a line for each."""
    parts: list[RenderableType] = [front_table(summary), Text(_budget(summary)), Text(_seconds(summary))]
    parts[1:1] = [Text(line) for line in networks]
    parts[1:1] = [table(summary[rows]) for rows, table in _TABLES.items() if summary[rows]]
    parts += notes(summary)
    if steps:
        parts.insert(0, step_table(steps))
    console.print(Group(*parts), Text(f"run: {summary['run']}", no_wrap=True), soft_wrap=True)


def notes(summary: Mapping[str, Any]) -> list[Text]:
    """Return what every figure of the run must be read with, a line each."""
    return [Text(f"note: {note}") for note in summary["notes"]]


def front_table(summary: Mapping[str, Any]) -> Table:
    """Return the front as a table: validation and test objectives per output, all lower is better."""
    outputs = sorted(summary["start"])
    table = Table(title=f"front of {summary['problem']}: validation/test, lower is better", title_justify="left")
    table.add_column("model", justify="right")
    for output in outputs:
        table.add_column(output, justify="right")
    table.add_column("parameters", justify="right")
    table.add_row("start", *_objectives(outputs, summary["start"], summary["start_test"]), "", style="dim")
    for member in summary["front"]:
        objectives = _objectives(outputs, member["validation"], member["test"])
        table.add_row(str(member["candidate"]), *objectives, f"{member['parameters']:,}")
    return table


def generation_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return one row per generation, the first and the latest ones: who survived, and how good the front was."""
    table = Table(title="generations: median of the members, hypervolume and IGD+ of the front", title_justify="left")
    outputs = sorted(rows[0]["median"])
    for column in ("generation", "survived", "donations", "front", *outputs, "hypervolume", "IGD+"):
        table.add_column(column, justify="right")
    for row in (*rows[:1], *rows[1:][-_GENERATIONS:]):
        survived = f"{row['survived']} of {row['trained'] + row['failed']}"
        told = (row["generation"], survived, row["donated"], row["front"])
        medians = (_number(row["median"][output]) for output in outputs)
        table.add_row(*map(str, told), *medians, f"{row['hypervolume']:.4g}", f"{row['igd_plus']:.3g}")
    return table


def step_table(steps: Sequence[Mapping[str, Any]]) -> Table:
    """Return one row per candidate: what was tried, what came of it, and the reason in words."""
    table = Table(title="latest steps", title_justify="left")
    for column in ("candidate", "change", "verdict", "why"):
        table.add_column(column, overflow="fold")
    for step in steps:
        what = step["variant"] or {"start": "start", "continue": "train further"}[step["origin"]]
        table.add_row(str(step["candidate"]), what, Text(step.get("failure") or step["verdict"]), Text(step["reason"]))
    return table


_TABLES = {"generations": generation_table, "rounds": round_table}  # rows of a summary, where it has any


def _objectives(outputs: Sequence[str], validation: Mapping[str, float], test: Mapping[str, float] | None) -> list[str]:
    return [f"{_number(validation[output])}/{_number((test or {}).get(output))}" for output in outputs]


def _budget(summary: Mapping[str, Any]) -> str:
    state = "ended" if summary["ended"] else "not ended: `valpnas resume` goes on"
    return (
        f"{summary['steps']} of {summary['steps_planned']} {summary['unit']} ({state}), "
        f"{summary['accepted']} changes accepted, {summary['evaluations']} evaluations, {summary['failed']} failed, "
        f"{summary['batches']:,} batches, hypervolume {summary['hypervolume']:.4g}"
    )


def _seconds(summary: Mapping[str, Any]) -> str:
    total = sum(summary["seconds"].values())
    shares = ", ".join(f"{name} {value:.1f} s" for name, value in summary["seconds"].items())
    slower = " with the plain engine" if summary["engine"] == "plain" else ""
    return f"{total:.1f} s{slower}: {shares}"


def _number(value: float | None) -> str:
    if value is None:
        return "  -  "
    return f"{value:.3f}" if abs(value) < 1000 else f"{value:,.0f}"

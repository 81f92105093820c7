"""The terminal report of a run: its front, what it tried and why, where its seconds went."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from valpnas.report.latest import latest_table
from valpnas.report.numbers import counted, hypervolume, objective
from valpnas.report.rounds import round_table

_SIZE = "parameters"  # of each model; also what the further objective is called that counts the same
_GENERATIONS = 10  # of the latest that a table shows


def print_summary(
    summary: Mapping[str, Any], steps: Sequence[Mapping[str, Any]], console: Console, networks: Sequence[str] = ()
) -> None:
    """Print a run's summary, its latest ``steps`` (``report.latest``) if any, and ``networks``, a line for each."""
    parts: list[RenderableType] = [front_table(summary), Text(_budget(summary)), Text(_seconds(summary))]
    parts[1:1] = [Text(line) for line in networks]
    parts[1:1] = [table(summary) for rows, table in _TABLES.items() if summary[rows]]
    parts += notes(summary)
    if steps:
        told = [Text(_changes(summary["changes"]))] if summary["changes"] else []
        parts[:0] = [latest_table(summary["search"], steps), *told]
    console.print(Group(*parts), Text(f"run: {summary['run']}", no_wrap=True), soft_wrap=True)


def notes(summary: Mapping[str, Any]) -> list[Text]:
    """Return what every figure of the run must be read with, a line each."""
    return [Text(f"note: {note}") for note in summary["notes"]]


def front_table(summary: Mapping[str, Any]) -> Table:
    """Return the front as a table: validation/test objectives of outputs, and further ones; all lower is better.

    The first row says what a constant predictor scores, so that nobody takes no skill for some. Each objective has a
    column, and so has the size: once, though it may be an objective too.
    """
    further = set(summary["further"])
    objectives = sorted(name for name in summary["start"] if name != _SIZE or name not in further)
    table = Table(title=f"front of {summary['problem']}: validation/test, lower is better", title_justify="left")
    table.add_column("model", justify="right")
    for name in (*objectives, _SIZE):
        table.add_column(name, justify="right")

    def told(validation: Mapping[str, float], test: Mapping[str, float] | None) -> list[str]:
        return [_both(name, validation, None if name in further else test or {}) for name in objectives]

    constant = [_number(summary["constant"][name]) if name in summary["constant"] else "" for name in objectives]
    table.add_row("constant", *constant, "", style="dim")
    size = objective(summary["start"][_SIZE], ",.0f") if _SIZE in further and summary["start"] else ""
    table.add_row(start_name(summary), *told(summary["start"], summary["start_test"]), size, style="dim")
    for member in summary["front"]:
        table.add_row(str(member["candidate"]), *told(member["validation"], member["test"]), f"{member[_SIZE]:,}")
    return table


def start_name(summary: Mapping[str, Any]) -> str:
    """Return what to call the start whose figures are shown: by its number where there are several."""
    return f"start {summary['start_candidate']}" if summary["starts"] > 1 else "start"


def generation_table(rows: Sequence[Mapping[str, Any]], further: Sequence[str] = ()) -> Table:
    """Return one row per generation, the first and the latest ones: who survived, and how good the front was."""
    table = Table(title="generations: median of the members, hypervolume and IGD+ of the front", title_justify="left")
    names = sorted(rows[0]["median"])
    for column in ("generation", "survived", "donations", "front", *names, "hypervolume", "IGD+"):
        table.add_column(column, justify="right")
    for row in (*rows[:1], *rows[1:][-_GENERATIONS:]):
        survived = f"{row['survived']} of {row['trained'] + row['failed']}"
        told = (row["generation"], survived, row["donated"], row["front"])
        medians = ((objective if name in further else _number)(row["median"][name]) for name in names)
        table.add_row(*map(str, told), *medians, hypervolume(row["hypervolume"]), f"{row['igd_plus']:.3g}")
    return table


# Of rows that a summary has, where it has any.
_TABLES: Mapping[str, Callable[[Mapping[str, Any]], Table]] = {
    "generations": lambda summary: generation_table(summary["generations"], summary["further"]),
    "rounds": lambda summary: round_table(summary["rounds"]),
}


def _both(name: str, validation: Mapping[str, float], test: Mapping[str, float] | None) -> str:
    """Return an objective on validation and test rows; on the former alone where ``test`` is None."""
    return objective(validation[name]) if test is None else f"{_number(validation[name])}/{_number(test.get(name))}"


def _budget(summary: Mapping[str, Any]) -> str:
    state = "ended" if summary["ended"] else "not ended: `valpnas resume` goes on"
    accepted = "" if summary["accepted"] is None else f"{summary['accepted']} changes accepted, "
    return (
        f"{summary['steps']} of {summary['steps_planned']} {summary['unit']} ({state}), "
        f"{accepted}{summary['evaluations']} evaluations, {summary['failed']} failed, "
        f"{summary['batches']:,} batches, hypervolume {hypervolume(summary['hypervolume'])}"
    )


def _changes(by_operator: Mapping[str, Mapping[str, int]]) -> str:
    """Say how many of each operator's changes were accepted, the most tried first."""
    tried = {name: sum(counts.values()) for name, counts in by_operator.items()}
    accepted, all_ = sum(counts["accepted"] for counts in by_operator.values()), sum(tried.values())
    each = (
        f"{name} {by_operator[name]['accepted']} of {tried[name]}" for name in sorted(tried, key=lambda n: -tried[n])
    )
    return f"of {counted(all_, 'change')} {accepted} accepted, {all_ - accepted} rejected; accepted: {', '.join(each)}"


def _seconds(summary: Mapping[str, Any]) -> str:
    total = sum(summary["seconds"].values())
    shares = ", ".join(f"{name} {value:.1f} s" for name, value in summary["seconds"].items())
    slower = " with the plain engine" if summary["engine"] == "plain" else ""
    return f"{total:.1f} s{slower}: {shares}"


def _number(value: float | None) -> str:
    return objective(value, ".3f") or "  -  "

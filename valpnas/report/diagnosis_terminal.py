"""The diagnosis of a model in the terminal: a table of its parts, one of its outputs, and what to do, in order."""

from __future__ import annotations

from collections.abc import Iterator
from math import log

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from valpnas.report.diagnosis import Diagnosis, JudgedOutput, Need, Part, Subject

_CELLS = 10  # of a full bar
_FULL = 10.0  # ratio from which a bar is full: draws scatter so widely that 30 is not more than 10

_WORDS = {
    "RELEVANT": "needed", "INPUT_RELEVANT": "needed", "IRRELEVANT": "not needed",
    "IRRELEVANT_TO_OUTPUT": "not needed", "INPUT_IRRELEVANT": "not needed", "NEWBORN": "too young to tell",
    "STEEP": "falls steeply", "MODERATE": "falls", "STUCK": "stuck", "UNDECIDED": "undecided",
    "ADDS_INFORMATION": "adds", "ADDS_NOTHING": "adds nothing", "STRONG_OUTPUT": "strong", "WEAK_OUTPUT": "weak",
}  # fmt: skip
_STYLES = {
    "needed": "green", "not needed": "red", "falls steeply": "green", "falls": "green", "stuck": "red",
    "adds": "green", "adds nothing": "red", "strong": "green", "weak": "red",
}  # fmt: skip

_PARTS_LEGEND = (
    "loss without it: the output's loss when the part forgets what it knows (a network: random weights; an input: rows "
    "that changed places), in multiples of the loss now. 1.0x: nothing is lost; the bar is full at 10x.\n"
    "linear probe: the share of the target that a linear map explains from the best source -> from what the network "
    "emits. A dash: not measured."
)
_OUTPUTS_LEGEND = (
    "objective: on validation rows, lower is better. loss per 100 batches: slope of the training loss, with its "
    "standard error; stuck: it does not fall.\n"
    "among its peers: the share of the run's other models that are better on this output."
)


def print_diagnosis(made: Diagnosis, console: Console) -> None:
    """Print a diagnosis."""
    console.print(Text(_heading(made.subject)))
    for table, legend in ((parts_table(made), _PARTS_LEGEND), (outputs_table(made), _OUTPUTS_LEGEND)):
        console.print(table)
        console.print(Text(legend, style="dim"))
    console.print()
    for part in (*_advice(made), *_remarks(made)):
        console.print(part)


def parts_table(made: Diagnosis) -> Table:
    """Return inputs and sub-networks, a row per output that each can alter."""
    table = Table(title="inputs and sub-networks: what each output needs of them", title_justify="left")
    for name in ("part", "output", "loss without it", "verdict", "linear probe"):
        table.add_column(name)
    table.add_column("weights", justify="right")
    table.add_column("est. share of training time (multiply-adds)", justify="right", max_width=16)
    for part in made.parts:
        for row, need in enumerate(part.needs or (None,)):
            table.add_row(*_part_row(part, need, first=row == 0), end_section=row + 1 >= len(part.needs))
    return table


def outputs_table(made: Diagnosis) -> Table:
    """Return a row per output."""
    table = Table(title="outputs: are they still learning?", title_justify="left")
    table.add_column("output")
    table.add_column("objective", justify="right")
    table.add_column("loss per 100 batches", justify="right")
    for name in ("verdict", "among its peers"):
        table.add_column(name)
    table.add_column("weights of its head", justify="right", max_width=10)
    table.add_column("est. share of time", justify="right", max_width=10)
    for output in made.outputs:
        table.add_row(*_output_row(output))
    return table


def _part_row(part: Part, need: Need | None, first: bool) -> list[RenderableType]:
    who = Text(part.name, style="bold") if first else Text("")
    figures = [f"{part.parameters:,}", f"{part.share:.0%}"] if first and part.role == "network" else ["", ""]
    if need is None:
        return [who, "-", "-", "feeds no output", "-", *figures]
    return [who, need.output, _bar(need.ratio), _verdict(need), _probe(need), *figures]


def _bar(ratio: float | None) -> Text:
    """Draw the logarithm of a ratio."""
    if ratio is None:
        return Text("-")
    cells = round(_CELLS * min(max(log(max(ratio, 1.0)) / log(_FULL), 0.0), 1.0))
    number = f"{ratio:.1f}x" if ratio < 1000 else ">999x"
    return Text.assemble(("█" * cells + "·" * (_CELLS - cells), "cyan"), f" {number:>6}")


def _verdict(need: Need) -> Text:
    words = _in_words(need.verdict)
    if need.spare_parts:
        words.append(f", {need.spare_parts} part{'s' * (need.spare_parts > 1)} spare")
    return words


def _in_words(kind: str) -> Text:
    """Return a kind of finding in words; one that nobody here knows as it is called."""
    words = _WORDS.get(kind, kind) or "-"
    return Text(words, style=_STYLES.get(words, ""))


def _probe(need: Need) -> Text:
    if need.probe is None:
        return Text("-")
    return Text(f"{need.probe.predecessor:.0%} -> {need.probe.score:.0%} ").append_text(_in_words(need.probe.verdict))


def _output_row(output: JudgedOutput) -> list[RenderableType]:
    slope = "-" if output.slope is None else f"{output.slope:+.1%} ± {output.error or 0.0:.1%}"
    peers = _in_words(output.standing)
    if output.rank is not None:
        peers.append(f" ({output.rank:.0%} are better)")
    objective = "-" if output.objective is None else f"{output.objective:.3f}"
    row: list[RenderableType] = [Text(output.name, style="bold"), objective, slope, _in_words(output.verdict), peers]
    return [*row, f"{output.parameters:,}", f"{output.share:.0%}"]


def _heading(subject: Subject) -> str:
    if subject.candidate < 0:
        return f"{subject.source}, a model of {subject.problem}; looked at now"
    looked = "findings stored at the run's end (--fresh looks again)" if subject.stored else "looked at now"
    return f"model {subject.candidate} of {subject.source} ({subject.problem}), {subject.why}; {looked}"


def _advice(made: Diagnosis) -> Iterator[RenderableType]:
    """Yield the recommendations, numbered, each with what is protected there."""
    if not made.recommendations:
        yield Text("No finding asks for a change that has a place: train it further.", style="bold")
        return
    yield Text("What to do, the first first (by the order of `guided`, then by strength):", style="bold")
    for number, each in enumerate(made.recommendations, start=1):
        text = Text(f"{number}. {each.sentence}")
        if each.protected:
            text.append(f" But protected: {', '.join(each.protected)}.", style="yellow")
        yield text


def _remarks(made: Diagnosis) -> Iterator[RenderableType]:
    if made.protected:
        listed = "; ".join(f"{part} ({', '.join(reasons)})" for part, reasons in made.protected.items())
        yield Text(f"\nProtected, for they do their work: {listed}.")
    for each in made.unplaced:
        yield Text(f"Asked for, but without a legal place: {each.variant}, for {each.finding.component}.", style="dim")
    for name, error in made.errors.items():
        yield Text(f"{name} could not look: {error}", style="red")

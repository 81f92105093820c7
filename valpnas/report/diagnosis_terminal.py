"""The diagnosis of a model in the terminal: a table of its parts, one of its outputs, and what to do, in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import log
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from valpnas.report.diagnosis import Diagnosis, JudgedOutput, Need, Part, Subject
from valpnas.report.recommendations import Recommendation, told

_LENGTH = 8  # of a full bar
_FULL = 10.0  # ratio from which a bar is full: draws scatter so widely that 30 is not more than 10

_WORDS = {
    "RELEVANT": "needed", "INPUT_RELEVANT": "needed", "IRRELEVANT": "not needed",
    "IRRELEVANT_TO_OUTPUT": "not needed", "INPUT_IRRELEVANT": "not needed", "NEWBORN": "too young",
    "STEEP": "falls steeply", "MODERATE": "falls", "STUCK": "stuck", "UNDECIDED": "undecided",
    "ADDS_INFORMATION": "gain", "ADDS_NOTHING": "no gain", "STRONG_OUTPUT": "strong", "WEAK_OUTPUT": "weak",
    "MEMORISED": "memorised", "GENERALISES": "generalises",
    "RESTS": "rests",
}  # fmt: skip
_LOOKS: Any = {"box": SIMPLE_HEAD, "title_justify": "left", "title_style": "bold", "padding": (0, 1, 0, 0)}

_STYLES = {
    "needed": "green", "not needed": "red", "falls steeply": "green", "falls": "green", "stuck": "red",
    "gain": "green", "strong": "green", "weak": "red",
    "generalises": "green", "memorised": "yellow",
}  # fmt: skip

_PARTS_LEGEND = (
    "loss without it: the output's loss when the part forgets what it knows (a network: random weights; an input: rows "
    "that changed places), in multiples of the loss now. 1.0x: nothing is lost; the bar is full at 10x. "
    "not all: parts of the input are not needed. too young: trained too briefly to be judged. latents off: samples are "
    "drawn from elsewhere than its latents lie.\n"
    "linear probe: the share of the target that a linear map explains from the network's best source -> from what the "
    "network itself emits. training time: the part's share of it, estimated by its share of the multiply-adds. A dash: "
    "not measured, for the output has learnt nothing yet, the part is too young, it was over the diagnostic's budget, "
    "there are too few diagnostic rows (a probe takes 64), or it cannot alter the output."
)
_OUTPUTS_LEGEND = (
    "objective: on validation rows, lower is better. training loss: how the fitted line changes, with "
    "standard error; stuck: it does not fall; rests: it is trained at the lowest rate. held-out loss: in multiples of "
    "that of training.\n"
    "rank: the share of the run's other models that are better on this output, 0% is the best."
)


def print_diagnosis(made: Diagnosis, console: Console) -> None:
    """Print a diagnosis."""
    console.print(Text(_heading(made.subject)))
    for note in made.subject.notes:
        console.print(Text(f"note: {note}"))
    for part in made.parts:
        if part.summary:
            console.print(Text(f"{part.name}: {part.summary}"))
    console.print()
    for table, legend in ((parts_table(made), _PARTS_LEGEND), (outputs_table(made), _OUTPUTS_LEGEND)):
        console.print(table)
        console.print(Text(f"{legend}\n", style="dim"))
    for paragraph in (*_advice(made), *_remarks(made)):
        console.print(paragraph)


def parts_table(made: Diagnosis) -> Table:
    """Return inputs and sub-networks, a row per output that each can alter."""
    table = Table(title="Inputs and sub-networks: what each output needs of them", **_LOOKS)
    for name in ("part", "output"):
        table.add_column(name, overflow="fold")
    table.add_column("loss without it", no_wrap=True)
    table.add_column("verdict")
    table.add_column("linear probe", no_wrap=True)
    table.add_column("weights", justify="right")
    table.add_column("training\ntime, est. by\nmultiply-adds", justify="right")
    for part in made.parts:
        for row, need in enumerate(part.needs or (None,)):
            table.add_row(*_part_row(part, need, first=row == 0), end_section=row + 1 >= len(part.needs))
    return table


def outputs_table(made: Diagnosis) -> Table:
    """Return a row per output."""
    table = Table(title="Outputs: are they still learning?", **_LOOKS)
    table.add_column("output")
    table.add_column("objective", justify="right")
    table.add_column("training loss\nin 100 batches", justify="right")
    table.add_column("verdict")
    table.add_column("held-out loss")
    table.add_column("rank among\nits peers")
    table.add_column("weights\nof its head", justify="right")
    table.add_column("training\ntime, est. by\nmultiply-adds", justify="right")
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
    full = round(_LENGTH * min(max(log(max(ratio, 1.0)) / log(_FULL), 0.0), 1.0))
    number = f"{ratio:.1f}x" if ratio < 1000 else ">999x"
    return Text.assemble(("█" * full + "·" * (_LENGTH - full), "cyan"), f" {number:>6}")


def _verdict(need: Need) -> Text:
    words = _in_words(need.verdict)
    if need.spare_parts:
        words.append(", not all")
    if need.off_prior is not None:
        words.append(", latents off", style="yellow")
    return words


def _in_words(kind: str) -> Text:
    """Return a kind of finding in words; one that nobody here knows as it is called."""
    words = _WORDS.get(kind, kind) or "-"
    return Text(words, style=_STYLES.get(words, ""))


def _probe(need: Need) -> Text:
    if need.probe is None:
        return Text("-")
    before, after = (
        max(share, 0.0) for share in (need.probe.predecessor, need.probe.score)
    )  # worse than the mean: none
    return Text(f"{before:.0%} -> {after:.0%} ").append_text(_in_words(need.probe.verdict))


def _output_row(output: JudgedOutput) -> list[RenderableType]:
    slope = "-" if output.slope is None else f"{output.slope:+.1%} ± {output.error or 0.0:.1%}"
    peers = _in_words(output.standing)
    if output.rank is not None:
        peers.append(f", {output.rank:.0%}")
    objective = "-" if output.objective is None else f"{output.objective:.3f}"
    row: list[RenderableType] = [Text(output.name, style="bold"), objective, slope, _in_words(output.verdict)]
    return [*row, _gap(output), peers, f"{output.parameters:,}", f"{output.share:.0%}"]


def _gap(output: JudgedOutput) -> Text:
    if output.gap is None:
        return Text("-")
    return Text(f"{output.gap:.1f}x ").append_text(_in_words(output.generality))


def _heading(subject: Subject) -> str:
    if subject.candidate < 0:
        return f"{subject.source}, a model of {subject.problem}; looked at now"
    looked = "findings stored at the run's end (--fresh looks again)" if subject.stored else "looked at now"
    return f"model {subject.candidate} of {subject.source} ({subject.problem}), {subject.why}; {looked}"


def _advice(made: Diagnosis) -> Iterator[RenderableType]:
    """Yield the recommendations, numbered: those that nothing speaks against, then the others with what does."""
    if not made.recommendations:
        yield Text("No finding asks for a change that has a place: train it further.", style="bold")
        return
    numbered = list(enumerate(made.recommendations, start=1))
    order = "(reduce before bold before gentle changes; within these the strongest finding):"
    free = [(number, each) for number, each in numbered if not each.against]
    if free:
        yield from _listed(f"What to try first {order}", free)
    else:
        yield Text("Something speaks against every change that is asked for: train it further.", style="bold")
    if held := numbered[len(free) :]:
        yield from _listed("\nAsked for, but something speaks against it:", held)


def _listed(title: str, recommended: Sequence[tuple[int, Recommendation]]) -> Iterator[RenderableType]:
    yield Text(title, style="bold")
    rows = Table.grid(padding=(0, 1, 0, 0))
    for number, each in recommended:
        text = Text(each.sentence)
        if each.against:
            text.append(f" But {', and '.join(each.against)}.", style="yellow")
        rows.add_row(f"{number}.", text)
    yield rows


def _remarks(made: Diagnosis) -> Iterator[RenderableType]:
    if made.protected:
        yield Text("\nProtected, to be left as they are where there is a choice:", style="bold")
        rows = Table.grid(padding=(0, 1, 0, 0))
        for part, reasons in made.protected.items():
            rows.add_row(Text(part, style="bold"), Text(reasons))
        yield rows
    for each in made.unplaced:
        yield Text(f"\nAsked for, but there is no place for it: {each.variant}, for {told(each.finding)}.", style="dim")
    for name, error in made.errors.items():
        yield Text(f"\n{name} could not look: {error}", style="red")

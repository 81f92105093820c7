"""Notes: what a reader must know before believing a table, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from valpnas.experiments.checkpoints import chosen
from valpnas.experiments.duel import LEVEL, PARTS, Block
from valpnas.experiments.record import Record
from valpnas.experiments.statistics import least_p, pairs_needed
from valpnas.experiments.tuning import on_tuning
from valpnas.report.numbers import counted, hypervolume
from valpnas.search.kinds import counts_generations

LEGEND = (
    "how to read it: hypervolumes are higher where an arm is better, outputs lower; "
    "± is the standard deviation over pairs. A comparison says how its first arm did against its second, "
    f"and claims a direction only where p Holm is below {LEVEL}; effect is the rank-biserial correlation, -1 to 1; "
    "points are how many models each has in a common front, pair by pair and all pairs pooled"
)
_STEADY = 1.2  # how much longer the same work may take before seconds are called unsteady


def notes(record: Record, blocks: Sequence[Block]) -> list[str]:
    """Return the sentences, the most important first."""
    return [
        *record.problem.get("notes", []),  # lossy data, say: nothing below is to be read without
        *_on_power(record, blocks),
        *(f"{run['arm']}, pair {run['pair']}: no model at all ({run['reason']}); counted as 0" for run in record.lost),
        *_on_test(record),
        *_on_batches(blocks),
        *_on_size(record),
        *_on_donations(record),
        *_on_tuning(record),
        *_on_machines(record),
    ]


def headlines(blocks: Sequence[Block]) -> list[str]:
    """Return the order of the arms after the steps and the time that all had, and how much of it is certain."""
    last = [[block for block in blocks if (block.checkpoint.kind == "second") == timed][-1:] for timed in (False, True)]
    return [_order(block, part) for (block,) in filter(None, last) for part in PARTS]


def _order(block: Block, part: str) -> str:
    known = {result.arm: result.on[part].mean for result in block.arms}
    duels = [duel for duel in block.duels if duel.part == part]
    certain = [f"{duel.one} {duel.verdict} against {duel.other}" for duel in duels if duel.corrected < LEVEL]
    ranked = sorted(known, key=lambda arm: -known[arm])
    means = ", ".join(f"{arm} {hypervolume(known[arm])}" for arm in ranked)
    return (
        f"{part}, {block.checkpoint}, mean hypervolume: {means}; "
        f"significant after Holm's correction: {', '.join(certain) or 'nothing'}"
    )


def _on_power(record: Record, blocks: Sequence[Block]) -> Iterator[str]:
    duels = [duel for block in blocks for duel in block.duels]
    primary = sum(duel.primary for duel in duels)
    pairs, least = len(record.pairs), least_p(len(record.pairs))
    reachable = min(1.0, primary * least)
    first, rest = (
        f"{counted(n, noun)} {'is' if n == 1 else 'are'}"
        for n, noun in (
            (primary, "comparison"),
            (len(duels) - primary, "other"),
        )
    )
    yield (
        f"{first} primary, fixed before any figure was seen: test rows at the last step; "
        f"{rest} secondary. p is corrected within each family"
    )
    yield (
        f"{counted(pairs, 'pair')}: p cannot be below {least:.3g} in any one comparison, and not below {reachable:.3g} "
        f"after Holm's correction over {counted(primary, 'primary comparison')}"
    )
    if reachable >= LEVEL:
        yield (
            f"so nothing here can be significant at {LEVEL}, however large the difference: that takes "
            f"{counted(pairs_needed(primary), 'pair')}, or fewer comparisons (--against), chosen beforehand"
        )


def _on_test(record: Record) -> Iterator[str]:
    blind = [p for points in record.runs.values() for p in chosen(points) if not p.test]
    if blind:
        models = ", ".join(f"{p.arm} pair {p.pair} candidate {p.candidate}" for p in blind)
        have, win = ("has", "dominates") if len(blind) == 1 else ("have", "dominate")
        number = counted(len(blind), "chosen model")
        yield f"{number} {have} no finite figures on test rows and {win} nothing there: {models}"


def _on_tuning(record: Record) -> Iterator[str]:
    if not record.choices:
        at = _rates(record.settings["arms"])
        yield f"nothing was tuned, {at}: these can outweigh any search (--tune-rates, --tune-decays)"
    yield from on_tuning(record.choices)


def _rates(arms: Mapping[str, Mapping[str, Any]]) -> str:
    """Say at what rate the arms ran; 0 asks for a range test."""
    tested = [name for name, settings in arms.items() if not settings["learning_rate"]]
    if not tested:
        return "every arm ran at the rate and decay of its settings"
    who = "every run" if len(tested) == len(arms) else f"every run of {', '.join(tested)}"
    return f"{who} had a range test for its rate, the rest is as the settings say"


def _on_batches(blocks: Sequence[Block]) -> Iterator[str]:
    for block in [block for block in blocks if block.checkpoint.kind != "second"][-1:]:
        used = [result.batches for result in block.arms if result.batches]
        if used and max(used) > 1.01 * min(used):
            yield (
                f"at {block.checkpoint} the arms have used from {min(used):,.0f} to {max(used):,.0f} batches: equal "
                "steps are not equal training here, compare by seconds"
            )
        times = [result.seconds for result in block.arms if result.seconds]
        if times and max(times) > _STEADY * min(times):
            yield (
                f"at {block.checkpoint} the arms have used from {min(times):.1f} to {max(times):.1f} seconds: the "
                "checkpoints of seconds compare them at equal cost, but cut the slower ones before their decay"
            )


def _on_size(record: Record) -> Iterator[str]:
    if record.winner:
        arm, parameters = record.winner["arm"], record.winner["parameters"]
        yield (
            f"arms of the winner's size have {parameters:,} parameters, the median of {arm}'s fronts when they began; "
            "in that sitting they ran after the others, so that their seconds are those of another hour"
        )


def _on_donations(record: Record) -> Iterator[str]:
    for arm in record.arms:
        runs = [points for (name, _), points in record.runs.items() if name == arm]
        if runs and counts_generations(record.settings["arms"][arm]["search"]):
            counts = [sum(point.donated for point in points) for points in runs]
            children = sum(len(points) for points in runs) / len(runs)
            yield (
                f"{arm}: {sum(counts) / len(runs):.1f} donations per run of {children:.1f} models on average, from "
                f"{min(counts)} to {max(counts)}"
            )


def _on_machines(record: Record) -> Iterator[str]:
    if (ratio := _drift(record)) > _STEADY:
        yield (
            f"the very same training of a start took up to {ratio:.1f} times as long in one arm of a pair as in "
            "another: the machine had other work, and the seconds here say little"
        )
    if len(record.sittings) > 1:
        yield f"made in {len(record.sittings)} sittings: seconds are comparable within a pair, less so between pairs"


def _drift(record: Record) -> float:
    """Return the largest ratio of the times that starts of a pair took; those of one size are the same work."""
    times: dict[tuple[int, int, int], list[float]] = {}
    for point in record.points:
        if point.step == 0 and point.validation:
            times.setdefault((point.pair, point.batches, point.parameters), []).append(point.seconds)
    return max((max(of) / min(of) for of in times.values() if min(of) > 0), default=1.0)

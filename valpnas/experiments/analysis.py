"""The analysis: what each arm had come to at each checkpoint, how the arms compare, and what can be said of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import combinations
from statistics import fmean, median, stdev

from valpnas.experiments.checkpoints import Checkpoint, Row, Runs, checkpoints, row
from valpnas.experiments.comparison import Options
from valpnas.experiments.duel import PARTS, ArmResult, Block, Duel, Figures, OutputFigures
from valpnas.experiments.families import corrected
from valpnas.experiments.fronts import Counts, fronts_at, pairwise, pooled
from valpnas.experiments.record import Record
from valpnas.experiments.statistics import signed_rank


def analyse(record: Record, options: Options) -> tuple[Block, ...]:
    """Return the figures at every checkpoint; p-values are corrected within their families."""
    runs = record.runs
    names = _duels_between(record.arms, options.against)
    blocks = [
        _block(runs, record.arms, names, at, [row(run, runs[run], at, record.bounds) for run in runs])
        for at in checkpoints(runs, options.checkpoints, record.along)
    ]
    return corrected(blocks)


def _duels_between(arms: Sequence[str], against: str) -> list[tuple[str, str]]:
    return [(arm, against) for arm in arms if arm != against] if against else list(combinations(arms, 2))


def _block(
    runs: Runs, arms: Sequence[str], names: Sequence[tuple[str, str]], at: Checkpoint, rows: Sequence[Row]
) -> Block:
    fronts = fronts_at(runs, at)
    by_arm = {arm: [r for r in rows if r.arm == arm] for arm in arms}
    counts = {part: (pairwise(fronts, arms, part).values(), pooled(fronts, arms, part)) for part in PARTS}
    results = tuple(_arm_result(arm, by_arm[arm], counts) for arm in arms)
    duels = tuple(_duel(one, other, part, by_arm, fronts) for part in PARTS for one, other in names)
    return Block(at, results, duels)


def _arm_result(arm: str, rows: Sequence[Row], counts: Mapping[str, tuple[Collection[Counts], Counts]]) -> ArmResult:
    sizes = [r.parameters for r in rows if r.parameters is not None]
    return ArmResult(
        arm,
        {part: _figures(arm, _hypervolumes(rows, part), *counts[part]) for part in PARTS},
        {output: _output_figures(output, rows) for output in sorted({o for r in rows for o in r.best})},
        front=fmean(r.front_size for r in rows),
        parameters=median(sizes) if sizes else None,
        batches=fmean(r.batches for r in rows),
        seconds=fmean(r.seconds for r in rows),
    )


def _output_figures(output: str, rows: Sequence[Row]) -> OutputFigures:
    found = [test for r in rows if (test := r.best.get(output, (0.0, None))[1]) is not None]
    spread = stdev(found) if len(found) > 1 else None
    return OutputFigures(fmean(found) if found else None, spread, len(rows) - len(found))


def _figures(arm: str, values: Sequence[float], by_pair: Collection[Counts], together: Counts) -> Figures:
    spread = stdev(values) if len(values) > 1 else 0.0
    return Figures(fmean(values), spread, fmean(counts[arm] for counts in by_pair), together[arm])


def _hypervolumes(rows: Sequence[Row], part: str) -> list[float]:
    """Return the hypervolume of each pair's run, in the order of pairs."""
    return [r.on(part) for r in sorted(rows, key=lambda r: r.pair)]


def _duel(one: str, other: str, part: str, by_arm: Mapping[str, Sequence[Row]], fronts: Runs) -> Duel:
    first, second = (_hypervolumes(by_arm[arm], part) for arm in (one, other))
    counts = list(pairwise(fronts, (one, other), part).values())
    together = pooled(fronts, (one, other), part)
    return Duel(
        one,
        other,
        part,
        signed_rank(first, second),
        (fmean(count[one] for count in counts), fmean(count[other] for count in counts)),
        (together[one], together[other]),
    )

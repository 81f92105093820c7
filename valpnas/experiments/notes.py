"""Notes: what a reader must know before believing a table, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from valpnas.experiments.analysis import Block
from valpnas.experiments.record import Record
from valpnas.experiments.statistics import least_p, pairs_needed
from valpnas.experiments.tuning import at_the_edge

_LEVEL = 0.05


def notes(record: Record, blocks: Sequence[Block]) -> list[str]:
    """Return the sentences, the most important first."""
    return [
        *_on_power(record, blocks),
        *(f"{run['arm']}, pair {run['pair']}: no model at all ({run['reason']}); counted as 0" for run in record.lost),
        *_on_test(blocks),
        *_on_batches(blocks),
        *_on_size(record),
        *at_the_edge(record.choices),
        *_on_machines(record),
    ]


def headlines(blocks: Sequence[Block]) -> list[str]:
    """Return how the arms compare after the last step that all reached, one sentence per duel."""
    last = [block for block in blocks if block.checkpoint.kind == "step"][-1:]
    return [
        f"{duel.one} against {duel.other} at {block.checkpoint}, {duel.part}: {duel.verdict}; hypervolume "
        f"{duel.figures.mean:+.4f} (standard deviation {duel.figures.spread:.4f}), {duel.figures.wins} of "
        f"{duel.figures.pairs} pairs won, {duel.figures.losses} lost, p = {duel.figures.p:.3g}, "
        f"{duel.corrected:.3g} after Holm"
        for block in last
        for duel in block.duels
    ]


def _on_power(record: Record, blocks: Sequence[Block]) -> Iterator[str]:
    pairs, comparisons = len(record.pairs), sum(len(block.duels) for block in blocks)
    least = least_p(pairs)
    corrected = min(1.0, comparisons * least)
    yield (
        f"{pairs} pairs: p cannot be below {least:.3g} in any one comparison, and not below {corrected:.3g} after "
        f"Holm's correction for the {comparisons} comparisons made here"
    )
    if corrected >= _LEVEL:
        yield (
            f"so nothing here can be significant at {_LEVEL}, however large the difference: that takes "
            f"{pairs_needed(comparisons)} pairs, or fewer comparisons (--against, --checkpoints), chosen beforehand"
        )


def _on_test(blocks: Sequence[Block]) -> Iterator[str]:
    unknown = sum(result.on["test"].mean is None for block in blocks for result in block.arms)
    if unknown:
        yield (
            f"test hypervolumes are missing {unknown} times: some run did not record the test objectives of every "
            "trained candidate, because an older valpnas made it; run those pairs again"
        )


def _on_batches(blocks: Sequence[Block]) -> Iterator[str]:
    for block in [block for block in blocks if block.checkpoint.kind == "step"][-1:]:
        used = [result.batches for result in block.arms if result.batches]
        if used and max(used) > 1.01 * min(used):
            yield (
                f"at {block.checkpoint} the arms have used from {min(used):,.0f} to {max(used):,.0f} batches: equal "
                "steps are not equal training here, compare by seconds"
            )
        times = [result.seconds for result in block.arms if result.seconds]
        if times and max(times) > 1.2 * min(times):
            yield (
                f"at {block.checkpoint} the arms have used from {min(times):.1f} to {max(times):.1f} seconds: the "
                "checkpoints of seconds compare them at equal cost"
            )


def _on_size(record: Record) -> Iterator[str]:
    if record.winner:
        arm, parameters = record.winner["arm"], record.winner["parameters"]
        yield f"arms of the winner's size have {parameters:,} parameters, the median of {arm}'s fronts when they began"


def _on_machines(record: Record) -> Iterator[str]:
    if len(record.sittings) > 1:
        yield f"made in {len(record.sittings)} sittings: seconds are comparable within a pair, less so between pairs"

"""Lengths: how many steps an arm gets so that its runs take as long as those of another arm (the key ``as_long_as``).

Checkpoints of seconds cut a run short before its learning rate has decayed. An arm with a length of its own is planned
for the time from the start, and its decay ends with it. The tuning runs say how long a batch takes in either arm: all
arms do them in turns, so that a machine that slows down slows all alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from valpnas.config import RunConfig, start_names

AS_LONG_AS = "as_long_as"


def steps_as_long_as(config: RunConfig, own: Mapping[str, Any], other: Mapping[str, Any]) -> int:
    """Return the steps for which a run of ``config`` takes as many seconds as one of the other arm.

    Args:
        config: a run of the arm; its steps do not matter.
        own: what tuning found for the arm: ``seconds`` and ``batches`` of a run, among others.
        other: the same of the arm that says how long.
    """
    if not own["seconds"]:  # every tuning run failed at once
        return config.steps
    batches = float(other["seconds"] * own["batches"] / own["seconds"])
    begun = config.initial_batches * len(start_names(config.start))
    return max(0, round((batches - begun) / config.batches_per_step))

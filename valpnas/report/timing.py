"""Timing: whether the seconds of candidates were measured one at a time, and what has to be said if they were not."""

from __future__ import annotations

from valpnas.config import RunConfig
from valpnas.report.tally import Tally
from valpnas.search.exclusive_times import deciding_times, several_at_a_time


def exclusive(config: RunConfig, tally: Tally) -> bool:
    """Say whether candidates were trained one at a time, by the run file and by the clock.

    A run may have been resumed with more workers than its file says; then more was trained than time went by. Whatever
    else the machine did is not known.
    """
    several = several_at_a_time(config.executor, config.workers, config.jobs_per_gpu)
    return not several and round(tally.spent, 3) <= tally.passed


def notes_on_seconds(config: RunConfig, tally: Tally) -> list[str]:
    """Say when measured times decided although candidates shared a machine."""
    if not deciding_times(config) or exclusive(config, tally):
        return []
    return [
        "candidates trained several at a time, so their seconds are not exclusive: what one costs, by which it was "
        "chosen, depends on its neighbours"
    ]

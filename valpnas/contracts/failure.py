"""failure_reason: why a candidate failed, in one line for the journal; remedy: what to do when every start fails so."""

from __future__ import annotations

from valpnas.errors import TrainingFailedError, first_line

# torch reports a lack of memory on the CPU as a plain RuntimeError, on a GPU as an error of its own.
_NO_MEMORY = ("can't allocate memory", "out of memory", "bad_alloc", "Storage size calculation overflowed")


# What a reason begins with, and what to do about a start that fails for it.
_REMEDIES = {
    "diverged": "lower the learning rate",
    "out of memory": "lower the widths of [space], start_parameters or batch_size",
    "timed out": "raise time_limit, or lower initial_batches",
    "latency": "raise max_latency, or lower the widths of [space] or start_parameters",
}


def remedy(reason: str) -> str:
    """Say what to do about starts that fail for ``reason``."""
    return next((what for first, what in _REMEDIES.items() if reason.startswith(first)), "mend what the reason names")


def failure_reason(error: Exception) -> str:
    """Say in one line why a candidate failed."""
    if isinstance(error, TrainingFailedError):
        return error.reason
    if is_out_of_memory(error):
        return f"out of memory: {first_line(error)}"
    return f"raised {type(error).__name__}: {first_line(error)}"


def is_out_of_memory(error: Exception) -> bool:
    """Say whether memory was lacking, whoever says so."""
    said = isinstance(error, RuntimeError) and any(words in str(error) for words in _NO_MEMORY)
    return said or isinstance(error, MemoryError)

"""failure_reason: why a candidate failed, in one line for the journal; memory that was lacking says so."""

from __future__ import annotations

from valpnas.errors import TrainingFailedError, first_line

# torch reports a lack of memory on the CPU as a plain RuntimeError, on a GPU as an error of its own.
_NO_MEMORY = ("can't allocate memory", "out of memory", "bad_alloc", "Storage size calculation overflowed")


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

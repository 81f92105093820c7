"""The errors valpnas raises: each says what was expected, what came, and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches


class ValpnasError(Exception):
    """Base of every error meant for a person; the command line prints it on one line and exits with 2."""


class InvalidValpError(ValpnasError):
    """A graph breaks one of the rules of a VALP; ``rule`` names it (``docs/architecture.md`` lists the rules)."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(f"invalid VALP ({rule}): {message}")
        self.rule = rule


class InvalidCellError(InvalidValpError):
    """A cell, an operation in it or the stack it is put in cannot be as it is written; no graph need be there."""

    def __init__(self, rule: str, message: str) -> None:
        ValpnasError.__init__(self, f"{rule}: {message}")
        self.rule = rule


class OperatorError(ValpnasError):
    """A variation operator was asked for the impossible or broke its contract."""


class ConfigError(ValpnasError):
    """A run file or a command-line flag cannot be used as it stands."""


class DataError(ValpnasError):
    """A problem's data is missing, altered or malformed."""


class StoreError(ValpnasError):
    """A run directory cannot be read or written."""


class ExecutionError(ValpnasError):
    """Jobs cannot be run where they are to run; what was recorded stands, and the run can be resumed."""


class PluginError(ValpnasError):
    """A plug-in (problem, chooser, diagnostic, search) raised something, or returned what it must not."""


class UnknownNameError(ValpnasError):
    """A name is in no table; the message offers the nearest ones."""

    def __init__(self, what: str, name: str, known: Iterable[str], besides: str = "") -> None:
        super().__init__(f"unknown {what} {name!r}: {nearest(name, known)}{besides}")


class TrainingFailedError(ValpnasError):
    """A candidate could not be trained (divergence, memory, time); ``reason`` goes into the journal.

    ``batches`` are those it was trained before it failed: they were spent, and count.
    """

    def __init__(self, reason: str, batches: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.batches = batches


def nearest(name: str, known: Iterable[str]) -> str:
    """Offer the nearest of the ``known`` names, in whatever case; else those that contain it, or else all of them."""
    names = sorted(set(known))
    lower = {each.lower(): each for each in names}  # of names that differ in case alone, one is offered
    near = get_close_matches(name, names, n=3) or [lower[each] for each in get_close_matches(name.lower(), lower, n=3)]
    near = near or [lower[each] for each in sorted(lower) if len(name) > 2 and name.lower() in each][:3]
    return f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(names) or 'none'}"


def first_line(error: BaseException) -> str:
    """Return the first line of an error's text, for a message must fit on one."""
    return (str(error).strip().split("\n")[0] or "no reason given")[:300]


@contextmanager
def blamed(what: str, advice: str) -> Iterator[None]:
    """Turn what a plug-in raises into a ``PluginError`` that names it; errors meant for a person pass as they are."""
    try:
        yield
    except ValpnasError:
        raise
    except Exception as error:  # whatever it is: the original is kept as its cause
        raise PluginError(f"{what} raised {type(error).__name__}: {first_line(error)}; {advice}") from error

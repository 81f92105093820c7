"""Ctrl-C in a run: what was done is recorded, and a person is told how to go on."""

from __future__ import annotations

import shlex
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import typer


@contextmanager
def interruptible(path: Path, go_on: str = "") -> Iterator[None]:
    """Answer Ctrl-C with what to do next, before typer answers it with one word; ``go_on`` if not to resume ``path``.

    An interruption may come out of compiled code as whatever error that code raises, so the signal is noted too.
    """
    pressed: list[int] = []

    def press(number: int, _: Any) -> NoReturn:
        pressed.append(number)
        raise KeyboardInterrupt

    try:
        with _handling(signal.SIGINT, press):
            yield
    except BaseException as error:
        if not (pressed or isinstance(error, KeyboardInterrupt)):
            raise
        recorded = f"what was done is recorded: `valpnas resume {shlex.quote(str(path))}` goes on"
        begun = (path / "run.toml").is_file()
        advice = go_on or (recorded if begun else "there is no run yet: start it again")
        typer.echo(f"valpnas: interrupted; {advice}", err=True)
        raise typer.Exit(130) from None


@contextmanager
def _handling(number: signal.Signals, handle: Callable[[int, Any], NoReturn]) -> Iterator[None]:
    """Handle a signal for a while; only the main thread may, elsewhere nothing is done."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(number, handle)
    try:
        yield
    finally:
        signal.signal(number, before)

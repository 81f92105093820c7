"""The live view of a running search in the terminal, drawn about once a second from what its directory says."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from valpnas.report.latest import latest_table
from valpnas.report.numbers import hypervolume
from valpnas.report.terminal import front_table, notes
from valpnas.report.watching import Frame, changed, frame
from valpnas.store.lock import is_locked

_PERIOD = 1.0  # seconds between two frames
_TALL = 36  # lines of a terminal that has room for eight models and three steps with their reasons
_IDLE = 3  # frames without a process at work from which a run has stopped; between two locks there is an instant
_QUIET = 120.0  # seconds without news from which a run may have been stopped


def watch(path: Path, console: Console, once: bool = False, sleep: Callable[[float], None] = time.sleep) -> None:
    """Show the run at ``path`` until it has ended or stopped; one that has ended, or ``once``, is shown once.

    Nothing is written to the run. Where the console is no terminal, the last view alone is printed.

    Raises:
        StoreError: there is no run, or it cannot be read.
    """
    seen = frame(path)
    if once or seen.ended:
        console.print(drawn(seen))
        return
    # A front may grow with the run, a terminal does not: in a low one, what does not fit is left out.
    last, most = (3, 8) if console.height >= _TALL else (1, max(2, min(8, console.height - 18)))
    seen = frame(path, last, most)
    with Live(drawn(seen), console=console, auto_refresh=False) as live:
        idle = 0
        while not seen.ended and idle < _IDLE:
            sleep(_PERIOD)
            idle = 0 if is_locked(path / "lock") else idle + 1
            if changed(path) != seen.told:
                seen = frame(path, last, most)
            live.update(drawn(seen), refresh=True)
    if not seen.ended:
        console.print(f"stopped: no process is at work on it; `valpnas resume {path}` goes on", soft_wrap=True)


def drawn(seen: Frame, now: float | None = None) -> RenderableType:
    """Return a frame as it looks at ``now``, in seconds since the epoch; this instant if not given."""
    parts: list[RenderableType] = [Text(_heading(seen), style="bold"), _progress(seen, now), Text(_doing(seen, now))]
    if seen.summary["front"]:
        parts += [Text(""), front_table(seen.summary), *notes(seen.summary)]
    if seen.hidden:
        parts.append(Text(f"and {seen.hidden} more on the front: `valpnas show` lists all"))
    if seen.latest:
        parts += [Text(""), latest_table(seen.summary["search"], seen.latest)]
    return Group(*parts)


def _heading(seen: Frame) -> str:
    summary = seen.summary
    chooser = f" with {summary['chooser']}" if summary["chooser"] else ""
    return f"{summary['run']}: {summary['problem']}, {summary['search']}{chooser}"


def _progress(seen: Frame, now: float | None) -> RenderableType:
    summary = seen.summary
    row = Table.grid(padding=(0, 2, 0, 0))
    bar = ProgressBar(total=max(summary["steps_planned"], 1), completed=summary["steps"], width=30)
    unit = summary["unit"].removesuffix("s")
    row.add_row(f"{unit} {summary['steps']} of {summary['steps_planned']}", bar, _left(seen, now))
    return row


def _left(seen: Frame, now: float | None) -> str:
    if seen.ended:
        return "ended"
    left = seen.seconds_left(now)
    return "time left: not known yet" if left is None else f"about {_duration(left)} left (estimated)"


def _doing(seen: Frame, now: float | None) -> str:
    """Say what the run is doing, as far as its journal tells."""
    summary = seen.summary
    if seen.ended:
        return f"{summary['evaluations']} models trained, hypervolume {hypervolume(summary['hypervolume'])}"
    silent = seen.silent(now)
    if silent > _QUIET:
        stopped = f"if it was stopped, `valpnas resume {summary['run']}` goes on"
        return f"no news for {_duration(silent)}; {stopped}"
    if seen.now is None:
        return f"choosing what is next; last news {_duration(silent)} ago"
    start = seen.now["reason"] or "the start"  # none of many has a reason
    what = seen.now["variant"] or {"start": start, "continue": "the current model further"}[seen.now["origin"]]
    return f"training candidate {seen.now['candidate']}: {what}; last news {_duration(silent)} ago"


def _duration(seconds: float) -> str:
    """Return a duration in words: 45 s, 3 min 20 s, 2 h 5 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"

"""RunDirectory: where each thing of a run lies, and who may write it."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from valpnas.contracts.job import JobRecord, Result
from valpnas.contracts.model import Model
from valpnas.errors import StoreError
from valpnas.graph.valp import Valp
from valpnas.store.files import explained, flush, read_json, write_json, write_text
from valpnas.store.jobs import JobFolder
from valpnas.store.journal import Event, Journal
from valpnas.store.lock import locked, say_in
from valpnas.store.models import load_model, load_valp, save_valp, save_weights
from valpnas.store.range_tests import read_range_test
from valpnas.store.replay import Replay
from valpnas.store.seen import Seen, read_seen

Seconds = Mapping[str, float]  # by account: training, evaluation, diagnostics, other

_STATE = "valpnas-state/3"  # what a summary holds: that of another version is made anew
_FOLDERS = ("graphs", "weights", "diagnostics")
_BEFORE_THE_RUN_FILE = {
    *_FOLDERS,
    "lock",
    "problem.json",
    "problem.npz",
    "learning_rate.json",
}  # what a kill during the first instant leaves


class RunDirectory:
    """A run on disk. Opened for writing it is locked: one process at a time may write, any number may read."""

    def __init__(self, path: Path, writable: bool = False) -> None:
        """Open the run at ``path``.

        Raises:
            StoreError: there is no run, its journal was altered, or another process is writing it.
        """
        if not os.path.isfile(path / "run.toml"):  # unlike Path.is_file, quiet about names no file can have
            raise StoreError(
                f"{path}: expected a run directory with a run.toml, got none; `valpnas list` shows the runs there are"
            )
        _check_journal(path / "journal.jsonl", path / "weights")
        self.path = path
        self.jobs = JobFolder(path / "jobs")
        with ExitStack() as stack:  # a journal that cannot be read releases the lock again
            lock = stack.enter_context(locked(path / "lock")) if writable else None
            self.journal = Journal(path / "journal.jsonl", writable)
            stack.pop_all()
        self._lock = lock
        self._has_said = False
        self._weighty: set[int] | None = None  # whose weights are there, as far as who writes them knows

    @staticmethod
    def create(path: Path, run_toml: str, save: Callable[[Path], None]) -> RunDirectory:
        """Make a new run at ``path`` and open it for writing: first what ``save`` writes, last the run file.

        Only the run file makes it a run, so that one killed before may be started over.

        Raises:
            StoreError: a run or foreign files are there, another process is at it, or it cannot be written.
        """
        check_free(path)
        with explained(path, "create"):
            for folder in _FOLDERS:
                (path / folder).mkdir(parents=True, exist_ok=True)
        with locked(path / "lock"):
            check_free(path)  # again: another process may have made a run here in the meantime
            save(path)
            write_text(path / "run.toml", run_toml)
        return RunDirectory(path, writable=True)

    def close(self) -> None:
        """Release the lock; what was said in it is no longer true."""
        if self._lock is not None:
            if self._has_said:
                say_in(self._lock, "")
            self._lock.close()
            self._lock = None

    def say_executor(self, name: str) -> None:
        """Say in the lock where candidates train, for those who would help."""
        if self._lock is None:
            raise StoreError(f"{self.path}: expected a run opened for writing, got one opened for reading")
        say_in(self._lock, name)
        self._has_said = True

    # -- events ---------------------------------------------------------------------------------------
    # What is recorded is on disk after the next ``commit``, in the order in which it was recorded.

    def save_graph(self, candidate: int, valp: Valp) -> None:
        """Write a candidate's graph; it is flushed with the weights, for without them nobody needs it to go on."""
        save_valp(valp, self._graph(candidate), flushed=False)

    def record_proposed(
        self, ask: int, record: JobRecord, valp: Valp, seconds: Seconds, together: Sequence[int] = ()
    ) -> None:
        """Record a job before it runs; ``ask`` numbers the batch of jobs it was asked in.

        ``together``: the candidates that it is trained side by side with, itself among them; none when alone.
        """
        self.save_graph(record.candidate, valp)
        beside = {"together": list(together)} if len(together) > 1 else {}
        event = {"event": "proposed", "ask": ask, **record.to_json(), **beside, "seconds": dict(seconds)}
        self.journal.append(event)

    def record_result(self, ask: int, result: Result) -> None:
        """Record what came of a job; its graph and weights are on disk before the journal says so."""
        if result.model is not None:
            flush(self._graph(result.candidate))
            save_weights(result.model, self._weights(result.candidate))
            if self._weighty is not None:
                self._weighty.add(result.candidate)
        self.journal.append({"ask": ask, **_result_event(result)})

    def record_verdict(self, candidate: int, verdict: str, step: int, seconds: Seconds) -> None:
        """Record whether the search adopted a candidate ("accepted" or "rejected"), and the steps done with it."""
        self.journal.append({"event": verdict, "candidate": candidate, "step": step, "seconds": dict(seconds)})

    def record_range_test(self) -> None:
        """Record what the range test spent, if there was one, first of all; a kill may have come before."""
        if self.journal.last is None and (test := read_range_test(self.path)):
            told = {"rate": test["rate"], "batches": test["batches"], "seconds": test["seconds"]}
            self.journal.append({"event": "range-test", **told})
            self.commit()

    def record_end(self, seconds: Seconds) -> None:
        """Record that the search has ended and its front was looked at."""
        self.journal.append({"event": "ended", "seconds": dict(seconds)})
        self.commit()

    def record_budget(self, steps: int) -> None:
        """Record that the budget was raised; proposals without a result are void from here on."""
        self.journal.append({"event": "budget", "steps": steps})
        self.commit()

    def commit(self) -> None:
        """Put everything recorded on disk; one commit for many candidates is what makes it cheap."""
        self.journal.flush()

    def replay(self) -> Replay:
        """Return what goes through the journal; it raises ``StoreError`` when events contradict those before them."""
        return Replay(self.journal.path, self.journal)

    # -- models ---------------------------------------------------------------------------------------

    def model(self, candidate: int) -> Model:
        """Read a candidate's model; raises ``StoreError`` when its weights were deleted or altered."""
        return load_model(self._graph(candidate), self._weights(candidate))

    def kept(self) -> list[int]:
        """Return the candidates whose weights are kept, in order."""
        with explained(self.path / "weights", "read"):
            return sorted(int(file.stem) for file in (self.path / "weights").glob("[0-9]*.safetensors"))

    def valp(self, candidate: int) -> Valp:
        """Read a candidate's graph alone; raises ``StoreError`` when it is missing or altered."""
        return load_valp(self._graph(candidate))

    def weights_beside(self, candidates: Collection[int]) -> set[int]:
        """Return the other candidates whose weights are there; only who writes the run may ask, again and again."""
        if self._weighty is None:
            self._weighty = set(self.kept())
        return self._weighty.difference(candidates)

    def drop_weights(self, candidates: Collection[int]) -> None:
        """Delete the weights of ``candidates``, so that disk use stays bounded."""
        with explained(self.path / "weights", "tidy"):
            for candidate in sorted(candidates):
                self._weights(candidate).unlink(missing_ok=True)
        if self._weighty is not None:
            self._weighty.difference_update(candidates)

    def drop_leftovers(self) -> None:
        """Delete what a kill left half written."""
        with explained(self.path, "tidy"):
            for folder in _FOLDERS:
                for file in (self.path / folder).glob(".*.tmp"):
                    file.unlink()

    # -- files ----------------------------------------------------------------------------------------

    def write_state(self, summary: Mapping[str, Any]) -> None:
        """Write ``state.json``, a cache of the journal for quick looks; it may be deleted at any time."""
        write_json(self.path / "state.json", {**summary, "format": _STATE, "journal_bytes": self.journal.bytes})

    def read_state(self) -> dict[str, Any] | None:
        """Return the cached summary, or None when it is missing, of another version or older than the journal."""
        try:
            state = dict(read_json(self.path / "state.json"))
        except (StoreError, TypeError, ValueError):  # gone or broken: it is only a cache
            return None
        fresh = state.pop("format", "") == _STATE and state.get("journal_bytes") == self.journal.bytes
        return state if fresh else None

    def write_run_toml(self, text: str) -> None:
        """Replace the run file, when the budget is raised."""
        write_text(self.path / "run.toml", text)

    def write_diagnostics(self, candidate: int, data: Any) -> None:
        """Write what the diagnostics saw in a candidate."""
        write_json(self._diagnostics(candidate), data)

    def read_diagnostics(self, candidate: int, valp: Valp | None) -> Seen | None:
        """Return what the diagnostics saw in a candidate whose graph is ``valp``, None when none has looked.

        Raises:
            StoreError: the file holds something else, or speaks of what is not in the graph (None: it is gone).
        """
        path = self._diagnostics(candidate)
        return read_seen(path, valp) if path.exists() else None

    def _diagnostics(self, candidate: int) -> Path:
        return self.path / "diagnostics" / f"{candidate:05d}.json"

    def _graph(self, candidate: int) -> Path:
        return self.path / "graphs" / f"{candidate:05d}.json"

    def _weights(self, candidate: int) -> Path:
        return self.path / "weights" / f"{candidate:05d}.safetensors"


def _check_journal(journal: Path, weights: Path) -> None:
    """Raise ``StoreError`` when the journal is gone: weights are written after its first line, never before."""
    if not journal.exists() and any(weights.glob("[0-9]*")):
        raise StoreError(f"{journal}: expected the journal of this run, found none; take it from a copy")


def check_free(path: Path) -> None:
    """Raise ``StoreError`` unless a run may be made at ``path``."""
    with explained(path, "create"):
        there = {file.name for file in path.iterdir()} if path.is_dir() else {path.name} if path.exists() else set()
    foreign = {name for name in there if name not in _BEFORE_THE_RUN_FILE and not name.startswith(".")}
    if foreign:
        raise StoreError(
            f"{path}: expected a new or empty folder for a run, found {sorted(foreign)[0]!r}; choose another --out"
        )


def _result_event(result: Result) -> Event:
    spent = {"batches": result.batches, "cost": result.cost, "seconds": dict(result.seconds)}
    spent["elapsed"] = result.elapsed
    if result.failed:
        return {"event": "failed", "candidate": result.candidate, "reason": result.reason, **spent}
    return {
        "event": "trained",
        "candidate": result.candidate,
        "objectives": dict(result.objectives),
        "reported": {name: dict(figures) for name, figures in result.reported.items()},
        "parameters": result.parameters,
        **spent,
        **({"curve": [dict(objectives) for objectives in result.curve], "kept": result.kept} if result.curve else {}),
    }

"""test_objectives.jsonl: each trained candidate's figures on test rows, for reports only.

Kept apart from the journal so that nothing that decides can read it: an architecture test fails when search,
training or plug-in code imports this module. ``valpnas.held_out`` writes it and only reports read it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from valpnas.store.json_lines import JsonLines, Line

_NAME = "test_objectives.jsonl"


class HeldOutFile(JsonLines):
    """One line per candidate, written before the journal says that the candidate is trained.

    A candidate trained again, since a kill came between the two, gets a second line if its figures differ; the last
    one counts.
    """

    _again: dict[int, Line]  # figures of candidates that the journal does not call trained yet

    @staticmethod
    def open(run: Path, answered: Collection[int] = ()) -> HeldOutFile:
        """Open the file of the run at ``run`` for writing; candidates ``answered`` are never recorded again."""
        file = HeldOutFile(run / _NAME, writable=True)
        file._again = _by_candidate(line for line in file if line["candidate"] not in answered)
        return file

    def is_whole(self, line: Line) -> bool:
        """Say whether a line has a candidate and its figures."""
        return {"candidate", "objectives", "reported"} <= set(line)

    def record(
        self, candidate: int, objectives: Mapping[str, float], reported: Mapping[str, Mapping[str, float]]
    ) -> None:
        """Record a candidate's figures per output."""
        figures = {name: dict(values) for name, values in reported.items()}
        line = {"candidate": candidate, "objectives": dict(objectives), "reported": figures}
        if line not in (self.last, self._again.pop(candidate, None)):
            self.append(line)


def read_test_objectives(run: Path) -> dict[int, dict[str, float]]:
    """Return the test objectives by candidate; empty for a candidate that has none."""
    return {candidate: line["objectives"] for candidate, line in _by_candidate(_of(run)).items()}


def read_test_figures(run: Path, candidates: Collection[int]) -> dict[int, Line]:
    """Return the lines of ``candidates`` alone, which say ``objectives`` and what is further ``reported``."""
    return _by_candidate(line for line in _of(run) if line["candidate"] in candidates)


def _of(run: Path) -> HeldOutFile:
    return HeldOutFile(run / _NAME, writable=False)


def _by_candidate(lines: Iterable[Line]) -> dict[int, Line]:
    return {line["candidate"]: line for line in lines}

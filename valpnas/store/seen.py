"""Seen: what the diagnostics saw in a candidate, read from its file and checked once for all who show it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from valpnas.contracts.finding import Advice, Finding
from valpnas.errors import StoreError
from valpnas.graph.valp import Valp
from valpnas.store.files import explained


@dataclass(frozen=True)
class Seen:
    """Findings on a candidate, and by diagnostic the error of each that broke."""

    findings: tuple[Finding, ...]
    errors: Mapping[str, str] = field(default_factory=dict)


def read_seen(path: Path, valp: Valp | None) -> Seen:
    """Read what ``RunDirectory.write_diagnostics`` wrote.

    Args:
        path: the file.
        valp: the graph of the candidate; None where it is gone, so that nobody can tell what its components are.

    Raises:
        StoreError: the file cannot be read, holds something else, or speaks of what is not in ``valp``.
    """
    with explained(path, "read"):
        data = path.read_bytes()
    try:
        seen = _seen(json.loads(data))
        if valp is not None:
            _check_places(seen.findings, valp)
    except (ValueError, LookupError, TypeError) as error:
        raise StoreError(
            f"{path}: expected what diagnostics saw in one candidate, got {_came(error)}; it was cut off or altered: "
            "`valpnas diagnose RUN --fresh` looks again, and the file may be deleted"
        ) from error
    return seen


def _seen(data: Any) -> Seen:
    _require(data, dict, "the whole")
    findings, errors = data["findings"], data.get("errors", {})
    _require(findings, list, "findings")
    _require(errors, dict, "errors")
    for name, error in errors.items():
        _require(error, str, f"the error of {name}")
    return Seen(tuple(_finding(each) for each in findings), errors)


def _finding(data: Any) -> Finding:
    _require(data, dict, "a finding")
    finding = Finding.from_json(data)
    for name in ("kind", "component", "output"):
        _require(getattr(finding, name), str, name)
    _require(finding.evidence, dict, "evidence")
    for name, number in {"strength": finding.strength, **finding.evidence}.items():
        _require(number, int | float, name)
    if finding.advice not in get_args(Advice):
        raise ValueError(f"advice {finding.advice!r}")
    return finding


def _require(value: object, kind: Any, what: str) -> None:
    if not isinstance(value, kind):
        raise TypeError(f"{what} of type {type(value).__name__}")


def _check_places(findings: tuple[Finding, ...], valp: Valp) -> None:
    for finding in findings:
        if finding.component not in {"", *valp.digraph}:
            raise ValueError(f"a finding about {finding.component!r}, which its graph does not have")
        if finding.output not in {"", *valp.tasks}:
            raise ValueError(f"a finding about output {finding.output!r}, which its graph does not have")


def _came(error: Exception) -> str:
    """Return in words what came instead."""
    if isinstance(error, json.JSONDecodeError | UnicodeDecodeError):
        return "no JSON"
    if isinstance(error, KeyError):
        return f"nothing called {error}"
    return str(error)

"""The documentation's code is run, its tables are compared with the code, its links are followed."""

from __future__ import annotations

import json
import re
import shlex
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from importlib import import_module
from pathlib import Path
from typing import Any, get_args

import pytest
from typer.testing import CliRunner

import valpnas
from tests.architecture.sources import TIERS
from valpnas import catalog, config_tables
from valpnas.cells.operation import Form, read_operation
from valpnas.cells.text import read_cell, write_cell
from valpnas.cli import app
from valpnas.config import RunConfig
from valpnas.contracts.augmentation import Augmentation
from valpnas.contracts.cell_bounds import CellBounds
from valpnas.contracts.cell_search import CellSearch
from valpnas.contracts.job import Continue, JobRecord
from valpnas.contracts.protocol import Protocol
from valpnas.contracts.space import Space
from valpnas.graph.validity import RULES

from .pages import PAGES, ROOT, Block, blocks, broken_links, missing_paths, table

README = ROOT / "README.md"
OPERATORS = ROOT / "docs" / "writing_operators.md"
PROBLEMS = ROOT / "docs" / "writing_problems.md"
DIAGNOSTICS = ROOT / "docs" / "diagnostics.md"
WRITING_DIAGNOSTICS = ROOT / "docs" / "writing_diagnostics.md"
ARCHITECTURE = ROOT / "docs" / "architecture.md"
CELLS = ROOT / "docs" / "cells.md"
CONTRIBUTING = ROOT / "CONTRIBUTING.md"

MOST = {"steps": 2, "initial_batches": 20, "batches_per_step": 10}
CONFIG_USERS = ("valpnas.run", "valpnas.run_files", "valpnas.search.naming", "valpnas.experiments.comparison")
RAISED = 3  # what a raised budget is cut to


@pytest.fixture
def reader_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder to work in, on Python's path; every run gets a tiny budget, written files can be imported."""
    for user in CONFIG_USERS:  # a module first imported while the name is replaced would keep the replacement
        import_module(user)
    real = config_tables.config_from

    def tiny(data: Any) -> RunConfig:
        config = real(data)
        return replace(config, **{name: min(getattr(config, name), most) for name, most in MOST.items()})

    monkeypatch.setattr(config_tables, "config_from", tiny)
    for user in CONFIG_USERS:
        monkeypatch.setattr(f"{user}.config_from", tiny)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("VALPNAS_DATA", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    known = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - known:
        if Path(getattr(sys.modules[name], "__file__", None) or "").parent == tmp_path:
            del sys.modules[name]


@pytest.mark.slow
@pytest.mark.parametrize("page", [README, OPERATORS, PROBLEMS, WRITING_DIAGNOSTICS, CELLS], ids=lambda page: page.name)
def test_a_reader_can_follow_the_page(page: Path, reader_folder: Path) -> None:
    for block in blocks(page):
        where = f"{page.name}, line {block.line}"
        if block.file:
            text = re.sub(r"max_examples=\d+", "max_examples=2", block.text)
            (reader_folder / block.file).write_text(text, encoding="utf-8")
        if block.language == "python":
            _run_python(block, where)
        elif block.language == "toml":
            tomllib.loads(block.text)
        else:
            for command in block.commands:
                _run_command(command, where)


def _run_python(block: Block, where: str) -> None:
    """Run a block, or import the file that it is and call the tests in it; an excerpt must only be Python."""
    code = compile(block.text, where, "exec", dont_inherit=True)
    if block.file:
        module = import_module(Path(block.file).stem)
        for test in [value for name, value in vars(module).items() if name.startswith("test_")]:
            test()
    elif not block.text.startswith("# excerpt"):
        exec(code, {"__name__": "page"})  # noqa: S102 - our own pages


def _run_command(command: str, where: str) -> None:
    """Run a command of valpnas with a small budget; of make, see that there is such a target."""
    words = shlex.split(re.sub(r"--steps \d+", f"--steps {RAISED}", command.removeprefix("PYTHONPATH=. ")))
    if words[0] == "make":
        targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
        assert words[1] in targets, f"{where}: expected a target of the Makefile, got {words[1]!r}"
    if words[0] == "valpnas":
        ran = CliRunner().invoke(app, words[1:], catch_exceptions=False)
        assert ran.exit_code == 0, f"{where}: {command}\n{ran.output}"


@pytest.mark.parametrize(
    ("head", "kind", "besides"),
    [
        (
            "key",
            RunConfig,
            {"problem": "(none)", **dict.fromkeys(("space", "augmentation", "network", "cell_search"), "(table)")},
        ),
        ("key of `[space]`", Space, {"cells": "(table)"}),
        ("key of `[space.cells]`", CellBounds, {}),
        ("key of `[cell_search]`", CellSearch, {}),
        ("key of `[augmentation]`", Augmentation, {}),
    ],
)
def test_the_key_table_is_the_dataclass(head: str, kind: Callable[..., Any], besides: dict[str, str]) -> None:
    rows = table(README, head)
    made = kind(problem="digits") if kind is RunConfig else kind()
    asked = [field.name for field in fields(made) if field.compare]  # the others are no keys
    assert [key for key, _, _ in rows] == [f"`{name}`" for name in asked]
    for name, (_, default, meaning) in zip(asked, rows, strict=True):
        assert meaning, f"{name}: expected a meaning"
        if name in besides:
            assert default == besides[name]
        else:
            written = tomllib.loads(f"x = {default.strip('`')}")["x"]
            came = getattr(made, name)
            assert written == (list(came) if isinstance(came, tuple) else came), name


@pytest.mark.parametrize(
    "page",
    [ARCHITECTURE, CONTRIBUTING, OPERATORS, PROBLEMS, DIAGNOSTICS, WRITING_DIAGNOSTICS],
    ids=lambda page: page.name,
)
def test_every_file_named_exists(page: Path) -> None:
    assert missing_paths(page) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    assert broken_links(page) == []


def test_the_place_of_every_new_thing_is_told() -> None:
    told = {row[0] for row in table(ARCHITECTURE, "a new ...")}
    assert told >= {"operator", "diagnostic", "problem", "network kind", "search"}
    assert all(len(row) == 5 for row in table(ARCHITECTURE, "a new ..."))


def test_every_diagnostic_and_every_kind_it_emits_is_told() -> None:
    told = {row[0].split("`")[1]: set(row[2].split(", ")) for row in table(DIAGNOSTICS, "diagnostic", "asks")}
    names = [entry.name for entry in catalog.entries("diagnostics")]
    assert told == {name: set(catalog.diagnostic(name).emits) for name in names}
    assert {f"## `{name}`" for name in names} <= set(DIAGNOSTICS.read_text(encoding="utf-8").splitlines())


def test_every_form_of_a_cell_operation_is_told() -> None:
    told = [row[:2] for row in table(CELLS, "written", "for a series")]
    for place, dimensions in ((0, 2), (1, 1)):
        read = [read_operation(row[place].strip("`")) for row in told if row[place]]
        assert {operation.dimensions for operation in read} <= {None, dimensions}
        assert {operation.form for operation in read} >= set(get_args(Form)) - {"lstm", "gru"}
    assert {read_operation(row[1].strip("`")).form for row in told} == set(get_args(Form))


def test_every_cell_written_can_be_read() -> None:
    found = [cell for page in (README, CELLS) for cell in re.findall(r"\[\(-.*?\)\]", page.read_text(encoding="utf-8"))]
    assert len(found) > 3
    assert [write_cell(read_cell(cell)) for cell in found] == found


def test_the_rules_of_a_valid_valp_are_told() -> None:
    assert [row[0].strip("`") for row in table(ARCHITECTURE, "rule", "what it asks")] == list(RULES)


def test_the_tiers_are_told() -> None:
    told = {part: int(tier) for tier, parts in table(ARCHITECTURE, "tier") for part in re.findall(r"`(\w+)`", parts)}
    assert told == TIERS


@pytest.mark.slow
def test_every_field_of_the_journal_is_told(reader_folder: Path) -> None:
    valpnas.design("digits", out="run")
    rows = table(ARCHITECTURE, "`event`")
    told = {name: set(re.findall(r"`(\w+)`", row[1])) for row in rows for name in re.findall(r"`(\w+)`", row[0])}
    for line in (reader_folder / "run" / "journal.jsonl").read_text(encoding="utf-8").splitlines():
        event = json.loads(line)
        kind = event.pop("event")
        assert _keys(event) <= told[kind], kind


def test_every_field_of_a_proposal_is_told() -> None:
    """Also those that few searches write."""
    expected: dict[str, Any] = {"continued": Continue("so"), "gentle": True, "estimates": {"score": 1.0}}
    expected |= {"reason": "so", "round": 2}
    record = JobRecord(1, (0,), "start", "hash", Protocol(batches=1), **expected)
    assert set(record.to_json()) == {field.name for field in fields(JobRecord)}
    (row,) = (row for row in table(ARCHITECTURE, "`event`") if row[0] == "`proposed`")
    assert set(record.to_json()) <= set(re.findall(r"`(\w+)`", row[1]))


def test_every_stream_is_told() -> None:
    """By the purpose that it is asked for with; those of other seeds than a run's are no purposes of a candidate."""
    told = ARCHITECTURE.read_text(encoding="utf-8").split("the purposes are", 1)[1].split(". A stream", 1)[0]
    asked = re.compile(r'\b(?:rng|streams)\([\w.]+, f?"([^"]+)"\)')
    files = (ROOT / "valpnas").rglob("*.py")
    purposes = {name for file in files for name in asked.findall(file.read_text(encoding="utf-8"))}
    assert {"train", "score predictor"} <= purposes
    assert {re.sub(r"\{(\w+)\}", "<name>", name) for name in purposes} <= {
        name.replace("<cost>", "<name>") for name in re.findall(r"`([^`]+)`", told)
    }


def _keys(event: dict[str, Any]) -> set[str]:
    """Return the keys of an event and of its protocol and proposal, findings left out."""
    inner = [event[name] for name in ("protocol", "proposal", "seconds") if event.get(name)]
    deeper = [value for table in inner for name, value in table.items() if name in {"site", "schedule"}]
    return {key for keys in (event, *inner, *deeper) for key in keys}


def test_every_note_cited_is_told() -> None:
    shipped = [
        path for top in ("valpnas", "operators", "diagnostics", "problems") for path in (ROOT / top).rglob("*.py")
    ]
    note = r"[A-F]\d+(?:\.\d+[a-z]?)?"
    listed = re.compile(rf"facts ({note}(?:, {note})*)")

    def cited(text: str) -> set[str]:
        return {each for names in listed.findall(text) for each in names.split(", ")}

    told = cited("\n".join(re.findall(r"^\| (facts [^|]*) \|", ARCHITECTURE.read_text(encoding="utf-8"), re.MULTILINE)))
    found = cited("\n".join(path.read_text(encoding="utf-8") for path in shipped))
    assert {"B2", "B10", "E2.2b", "E2.5"} <= found
    assert sorted(found - told) == []


def test_what_a_page_gets_wrong_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    lines = [
        "# A page, really",
        "See `valpnas/graph/valp.py`, `operators/<scope>/x.py`, `valpnas/gone.py` and `valpnas/gone/<kind>.py`.",
        "[here](#a-page-really) [there](#nowhere) [no file](gone.md) [web](https://a.org/b)",
        "```console\n$ valpnas list\n[code](code.md) `valpnas/code.py`\n```",
    ]
    page.write_text("\n".join(lines), encoding="utf-8")
    assert missing_paths(page) == ["valpnas/gone.py", "valpnas/gone/<kind>.py"]
    assert broken_links(page) == ["#nowhere", "gone.md"]
    assert [block.commands for block in blocks(page)] == [["valpnas list"]]

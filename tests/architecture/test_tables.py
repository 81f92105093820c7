"""Every plug-in file is in the table of its folder, and every line of a table leads to something."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from importlib import import_module

import pytest

from .sources import PLUG_INS, Source


def unlisted(sources: list[Source], folder: str, targets: Iterable[str]) -> list[str]:
    """Files of a plug-in folder that no table line names; those whose name starts with ``_`` are helpers."""
    listed = {target.partition(":")[0] for target in targets}
    files = [source for source in sources if source.unit == folder and not source.path.name.startswith("_")]
    return [f"{source.path} is in no line of {folder.upper()}" for source in files if source.module not in listed]


def leading_nowhere(sources: list[Source], targets: Iterable[str]) -> list[str]:
    """Targets whose file is missing or does not define the name."""
    defined = {source.module: _top_level_names(source.tree) for source in sources}
    return [
        target for target in targets if target.partition(":")[2] not in defined.get(target.partition(":")[0], set())
    ]


def _top_level_names(tree: ast.Module) -> set[str]:
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    named = {node.name for node in tree.body if isinstance(node, definitions)}
    assigned = [node for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign)]
    return named | {name.id for node in assigned for name in ast.walk(node) if isinstance(name, ast.Name)}


@pytest.mark.parametrize("folder", PLUG_INS)
def test_every_plug_in_is_in_its_table(sources: list[Source], folder: str) -> None:
    targets = [entry.target for entry in getattr(import_module(f"valpnas.{folder}"), folder.upper())]
    assert unlisted(sources, folder, targets) == []


@pytest.mark.parametrize("table", [*(f"{folder}.{folder.upper()}" for folder in PLUG_INS), "networks.NETWORK_KINDS"])
def test_every_line_of_a_table_leads_somewhere(sources: list[Source], table: str) -> None:
    package, _, name = table.partition(".")
    entries = getattr(import_module(f"valpnas.{package}"), name)
    assert leading_nowhere(sources, [entry.target for entry in entries]) == []
    assert len({entry.name for entry in entries}) == len(entries), "two lines share a name"


def test_a_forgotten_file_is_found(plant_sources: Callable[[dict[str, str]], list[Source]]) -> None:
    names = ("__init__", "_shares", "micro/__init__", "micro/add_layer", "micro/forgotten")
    sources = plant_sources({f"operators/{name}.py": "" for name in names})
    targets = ["valpnas.operators.micro.add_layer:AddLayer"]
    assert unlisted(sources, "operators", targets) == ["operators/micro/forgotten.py is in no line of OPERATORS"]


def test_a_line_that_leads_nowhere_is_found(plant_sources: Callable[[dict[str, str]], list[Source]]) -> None:
    sources = plant_sources({"problems/digits.py": "class Digits: ...\ndef digits(): ...\nothers = 1\n"})
    good = [f"valpnas.problems.digits:{name}" for name in ("Digits", "digits", "others")]
    bad = ["valpnas.problems.digits:letters", "valpnas.problems.letters:digits", "valpnas.problems.digits"]
    assert leading_nowhere(sources, [*good, *bad]) == bad

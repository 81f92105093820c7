"""Who may import whom: tiers, plug-in folders, cycles."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from .sources import (
    IMPORTING_CALLS,
    PLUG_INS,
    ROOT,
    TIERS,
    Import,
    Source,
    called_name,
    constant_argument,
    imports_of,
    names_of,
    strings_of,
    unit_of,
)

PlantSources = Callable[[dict[str, str]], list[Source]]

HIGHEST_FOR_PLUG_INS = 3
# The catalogue turns names into objects; the package's `__init__` loads its public names on first use.
MAY_IMPORT_BY_NAME = ("catalog", "__init__")
PLUG_IN_NAME = re.compile(rf"valpnas\.(|({'|'.join(PLUG_INS)})([.:][\w.:]*)?)")


def unknown_units(root: Path) -> list[str]:
    """Files and folders in valpnas/ that no tier knows: a new one needs a place before it needs code."""
    entries = [path for path in (root / "valpnas").iterdir() if path.is_dir() or path.suffix == ".py"]
    return sorted(path.name for path in entries if path.stem not in TIERS and path.name != "__pycache__")


def imports_within(sources: list[Source]) -> Iterator[tuple[Source, Import]]:
    """Every import of valpnas or one of its parts."""
    names = names_of(sources)
    for source in sources:
        yield from ((source, found) for found in imports_of(source, names) if found.target.split(".")[0] == "valpnas")


def upward_imports(sources: list[Source]) -> list[str]:
    """Imports by the kernel of something in a higher tier."""
    return [
        f"{found.where}: {source.unit} (tier {TIERS[source.unit]}) imports {found.target} (tier {tier})"
        for source, found in imports_within(sources)
        if source.unit in TIERS and (tier := TIERS.get(unit_of(found.target), -1)) > TIERS[source.unit]
    ]


def plug_ins_in_kernel(sources: list[Source]) -> list[str]:
    """Imports of a plug-in folder by the kernel; only the catalogue may make one, and only by a call."""
    return [
        f"{found.where}: {source.unit} imports {found.target}"
        for source, found in imports_within(sources)
        if source.unit in TIERS and unit_of(found.target) in PLUG_INS
        if not (source.unit == "catalog" and found.by_call)
    ]


def reaches_by_name(sources: list[Source]) -> list[str]:
    """Places of the kernel, the catalogue aside, that name a plug-in in a string or import what a variable holds."""
    kernel = [source for source in sources if source.unit in TIERS]
    named = [
        f"{source.at(text)}: the string {text.value!r} names a plug-in; only catalog.py may"
        for source in kernel
        if source.unit != "catalog"
        for text in strings_of(source)
        if PLUG_IN_NAME.fullmatch(str(text.value))
    ]
    return named + [problem for source in kernel for problem in _dynamic_imports(source)]


def _dynamic_imports(source: Source) -> list[str]:
    if source.unit in MAY_IMPORT_BY_NAME:
        return []
    calls = [node for node in ast.walk(source.tree) if isinstance(node, ast.Call)]
    return [
        f"{source.at(call)}: {called_name(call)}() of something not written out; only catalog.py may"
        for call in calls
        if called_name(call) == "entry_points" or (called_name(call) in IMPORTING_CALLS and not constant_argument(call))
    ]


def plug_ins_out_of_bounds(sources: list[Source]) -> list[str]:
    """Imports by a plug-in of another plug-in folder or of a tier above 3."""
    return [
        f"{found.where}: {source.unit} imports {found.target}"
        for source, found in imports_within(sources)
        if source.unit in PLUG_INS and not _open_to(source.unit, unit_of(found.target))
    ]


def _open_to(plug_in: str, unit: str) -> bool:
    return unit == plug_in or TIERS.get(unit, HIGHEST_FOR_PLUG_INS + 1) <= HIGHEST_FOR_PLUG_INS


def folder_cycle(sources: list[Source]) -> list[str]:
    """The folders of one import cycle, empty where there is none; a file directly in valpnas/ counts as a folder."""
    package_of = {source.module: source.package for source in sources}
    graph: dict[str, set[str]] = {}
    for source, found in imports_within(sources):
        graph.setdefault(_folder(source.module, package_of), set()).add(_folder(found.target, package_of))
    try:
        TopologicalSorter({folder: targets - {folder} for folder, targets in graph.items()}).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def _folder(module: str, package_of: dict[str, str]) -> str:
    package = package_of.get(module, module)
    return module if package == "valpnas" else package


def test_every_part_of_the_kernel_has_a_tier() -> None:
    assert unknown_units(ROOT) == []


def test_an_unknown_part_is_found(plant: Callable[[dict[str, str]], Path]) -> None:
    root = plant(
        {"valpnas/utils/__init__.py": "", "valpnas/helpers.py": "", "valpnas/run.py": "", "valpnas/py.typed": ""}
    )
    assert unknown_units(root) == ["helpers.py", "utils"]


def test_no_import_goes_up_a_tier(sources: list[Source]) -> None:
    assert upward_imports(sources) == []


@pytest.mark.parametrize(
    "text",
    [
        "import valpnas.training.engine",
        "from valpnas.training.engine import train",
        "from valpnas.training import engine",
        "from valpnas import training",
        "from ..training import engine",
        "from .. import training",
        "from valpnas import design",
        "import valpnas",
        "def late() -> None:\n    from valpnas import training",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import valpnas.training",
        "import importlib\nimportlib.import_module('valpnas.training.engine')",
    ],
)
def test_an_upward_import_is_found(plant_sources: PlantSources, text: str) -> None:
    assert len(upward_imports(plant_sources({"valpnas/graph/bad.py": text}))) == 1


def test_imports_down_and_sideways_are_allowed(plant_sources: PlantSources) -> None:
    text = (
        "from valpnas import __version__\nfrom valpnas.graph import valp\nfrom .engine import x\nimport valpnas.store\n"
    )
    assert upward_imports(plant_sources({"valpnas/training/good.py": text})) == []


def test_the_kernel_imports_no_plug_in(sources: list[Source]) -> None:
    assert plug_ins_in_kernel(sources) == []
    assert reaches_by_name(sources) == []


@pytest.mark.parametrize(
    "text", ["import valpnas.problems.digits", "from valpnas import operators", "from ..diagnostics import DIAGNOSTICS"]
)
def test_a_plug_in_in_the_kernel_is_found(plant_sources: PlantSources, text: str) -> None:
    assert len(plug_ins_in_kernel(plant_sources({"valpnas/search/bad.py": text}))) == 1


def test_only_the_catalog_may_call_for_a_plug_in(plant_sources: PlantSources) -> None:
    text = "from importlib import import_module\nimport_module('valpnas.problems')"
    assert plug_ins_in_kernel(plant_sources({"valpnas/catalog.py": text})) == []
    assert len(plug_ins_in_kernel(plant_sources({"valpnas/run.py": text}))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "home = 'valpnas.operators.macro'",
        "home = f'valpnas.{kind}'",
        "from importlib import import_module\nimport_module(name)",
        "import importlib.metadata\nimportlib.metadata.entry_points(group=name)",
    ],
)
def test_a_reach_by_name_is_found(plant_sources: PlantSources, text: str) -> None:
    assert len(reaches_by_name(plant_sources({"valpnas/search/bad.py": text}))) == 1
    assert reaches_by_name(plant_sources({"valpnas/search/bad.py": "", "valpnas/catalog.py": text})) == []


def test_prose_about_plug_ins_is_no_reach(plant_sources: PlantSources) -> None:
    text = '"""See valpnas.operators."""\nhelp = "an entry point of the group valpnas.operators"\nmodel.eval()\n'
    assert reaches_by_name(plant_sources({"valpnas/search/good.py": text})) == []


def test_plug_ins_import_low_tiers_only(sources: list[Source]) -> None:
    assert plug_ins_out_of_bounds(sources) == []


@pytest.mark.parametrize(
    "text",
    [
        "from valpnas.training import engine",
        "from valpnas import Problem",
        "import valpnas.problems.digits",
        "def late() -> None:\n    from ..diagnostics import loss_slope",
        "import valpnas.runs",
    ],
)
def test_a_plug_in_out_of_bounds_is_found(plant_sources: PlantSources, text: str) -> None:
    assert len(plug_ins_out_of_bounds(plant_sources({"operators/bad.py": text}))) == 1


def test_plug_ins_may_use_contracts_and_themselves(plant_sources: PlantSources) -> None:
    text = (
        "import torch\nfrom valpnas.contracts.operator import Operator\nimport valpnas.operators.macro\nfrom . import y"
    )
    assert plug_ins_out_of_bounds(plant_sources({"operators/micro/good.py": text})) == []


def test_no_folders_import_each_other(sources: list[Source]) -> None:
    assert folder_cycle(sources) == []


@pytest.mark.parametrize(("there", "back"), [("training", "store"), ("search", "search.choosers"), ("config", "cells")])
def test_a_folder_cycle_is_found(plant_sources: PlantSources, there: str, back: str) -> None:
    files = {f"valpnas/{there}/a.py": f"import valpnas.{back}.b", f"valpnas/{back.replace('.', '/')}/b.py": ""}
    assert folder_cycle(plant_sources(files)) == []
    files[f"valpnas/{back.replace('.', '/')}/b.py"] = f"import valpnas.{there}.a"
    assert len(folder_cycle(plant_sources(files))) == 3

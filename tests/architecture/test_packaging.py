"""What pyproject.toml ships is what lies on disk, and what shipped code imports is what pyproject.toml asks for."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

from .sources import PACKAGE_OF, ROOT, Source, imports_of, names_of, python_files

Plant = Callable[[dict[str, str]], Path]

# Lies beside the code for people who read the repository, and is not part of the program.
NOT_SHIPPED = ("*.md", "*.pyc", "*.so")


def read_pyproject(root: Path) -> dict[str, Any]:
    """The project file as data."""
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))


def package_folders(root: Path) -> dict[str, Path]:
    """Every folder that holds Python files, by the package it is shipped as."""
    folders = {path.parent for top in PACKAGE_OF for path in python_files(root, top)}
    return {_package(folder.relative_to(root)): folder for folder in folders}


def _package(folder: Path) -> str:
    top, *rest = folder.parts
    return ".".join([PACKAGE_OF[top], *rest])


def wrong_packages(root: Path) -> list[str]:
    """Folders that ``packages`` forgets, names it lists without a folder, and folders without an ``__init__.py``."""
    listed, folders = set(read_pyproject(root)["tool"]["setuptools"]["packages"]), package_folders(root)
    bare = sorted(name for name, folder in folders.items() if not (folder / "__init__.py").exists())
    return [
        *(f'add "{name}" to packages in pyproject.toml' for name in sorted(folders.keys() - listed)),
        *(f'remove "{name}" from packages in pyproject.toml' for name in sorted(listed - folders.keys())),
        *(f"add an __init__.py to {name}" for name in bare),
    ]


def unshipped_data(root: Path) -> list[str]:
    """Files beside the code that no pattern of ``package-data`` matches: they would be missing from the wheel."""
    patterns = read_pyproject(root)["tool"]["setuptools"]["package-data"]
    return sorted(
        str(path.relative_to(root))
        for package, folder in package_folders(root).items()
        for path in folder.iterdir()
        if path.is_file() and path.suffix != ".py" and not path.name.startswith(".")
        if not any(path.match(pattern) for pattern in (*patterns.get(package, []), *NOT_SHIPPED))
    )


def undeclared_imports(sources: list[Source], root: Path) -> list[str]:
    """Third-party imports of shipped code that no dependency and no extra but ``dev`` brings."""
    project = read_pyproject(root)["project"]
    extras = [
        line for name, lines in project.get("optional-dependencies", {}).items() if name != "dev" for line in lines
    ]
    declared = {_normal(line) for line in [*project["dependencies"], *extras]}
    bringers = packages_distributions()
    return [
        f"{where}: {top} is in no dependency"
        for where, top in _foreign(sources)
        if declared.isdisjoint(_normal(name) for name in bringers.get(top, [top]))
    ]


def _foreign(sources: list[Source]) -> Iterator[tuple[str, str]]:
    names = names_of(sources)
    for source in sources:
        tops = {found.target.split(".")[0]: found.where for found in imports_of(source, names)}
        yield from ((where, top) for top, where in tops.items() if top not in {"valpnas", *sys.stdlib_module_names})


def _normal(requirement: str) -> str:
    name = re.match(r"[\w.-]+", requirement)
    return re.sub(r"[-_.]+", "-", name.group() if name else "").lower()


def test_packages_are_the_folders_on_disk() -> None:
    assert wrong_packages(ROOT) == []


def test_every_data_file_is_shipped() -> None:
    assert unshipped_data(ROOT) == []


def test_shipped_code_imports_what_is_declared(sources: list[Source]) -> None:
    assert undeclared_imports(sources, ROOT) == []


def test_result_folders_do_not_count(plant: Plant) -> None:
    pyproject = '[tool.setuptools]\npackages = ["valpnas.runs"]\npackage-data = {"valpnas.runs" = ["*.toml"]}'
    files = {
        "runs/__init__.py": "",
        "runs/digits.toml": "",
        "runs/digits-1/journal.jsonl": "",
        "runs/digits-1/net.py": "",
    }
    root = plant({"pyproject.toml": pyproject, **files})
    assert wrong_packages(root) == []
    assert unshipped_data(root) == []


def test_wrong_packages_are_found(plant: Plant) -> None:
    pyproject = '[tool.setuptools]\npackages = ["valpnas", "valpnas.gone"]'
    files = {"valpnas/__init__.py": "", "valpnas/graph/__init__.py": "", "operators/micro/add_layer.py": ""}
    assert wrong_packages(plant({"pyproject.toml": pyproject, **files})) == [
        'add "valpnas.graph" to packages in pyproject.toml',
        'add "valpnas.operators.micro" to packages in pyproject.toml',
        'remove "valpnas.gone" from packages in pyproject.toml',
        "add an __init__.py to valpnas.operators.micro",
    ]


def test_unshipped_data_is_found(plant: Plant) -> None:
    pyproject = '[tool.setuptools.package-data]\nvalpnas = ["py.typed"]'
    files = {"valpnas/__init__.py": "", "valpnas/py.typed": "", "valpnas/README.md": "", "valpnas/page.html": ""}
    assert unshipped_data(plant({"pyproject.toml": pyproject, **files})) == ["valpnas/page.html"]


def test_an_undeclared_import_is_found(plant_sources: Callable[[dict[str, str]], list[Source]]) -> None:
    sources = plant_sources({"valpnas/testing/bad.py": "import pytest\nimport json\nimport sklearn.svm\n"})
    assert undeclared_imports(sources, ROOT) == ["valpnas/testing/bad.py:1: pytest is in no dependency"]

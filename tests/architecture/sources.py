"""Reading the shipped source as syntax trees: which files there are, under which names, and what each imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

PLUG_INS = ("operators", "diagnostics", "problems")
"""The folders of plug-ins, at the top level on disk and inside valpnas when installed."""

PACKAGE_OF = {"valpnas": "valpnas", "runs": "valpnas.runs"} | {name: f"valpnas.{name}" for name in PLUG_INS}
"""Top-level folder -> the package it is shipped as (``package-dir`` in pyproject.toml)."""

# The tiers of docs/architecture.md: an import never goes up. `__init__` is the public face; nothing below imports it.
TIERS = {
    **dict.fromkeys(("errors", "seeding"), 0),
    **dict.fromkeys(("graph",), 1),
    **dict.fromkeys(("contracts",), 2),
    **dict.fromkeys(("networks", "cells", "typed_tables", "config", "config_tables", "run_files", "catalog"), 3),
    **dict.fromkeys(("training", "predictors", "store", "execution", "testing", "tabular", "export"), 4),
    **dict.fromkeys(("search", "report"), 5),
    **dict.fromkeys(
        (
            "cell_training",
            "diagnosing",
            "experiments",
            "finishing",
            "held_out",
            "opened_run",
            "proxy_protocol",
            "rate_finding",
            "reporting",
            "resuming",
            "run",
            "run_checks",
            "sampling",
            "searching",
            "sharing",
            "working",
        ),
        6,
    ),
    **dict.fromkeys(("cli", "commands", "__init__"), 7),
}

# Called with a plain string, each of these is an import in disguise.
IMPORTING_CALLS = frozenset({"import_module", "__import__", "resolve_name", "run_module", "find_spec"})


@dataclass(frozen=True)
class Source:
    """One Python file and the module it becomes."""

    path: Path
    module: str
    text: str = field(repr=False)

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree of the file."""
        return ast.parse(self.text, str(self.path))

    @property
    def package(self) -> str:
        """The package against which relative imports count: the module itself for an ``__init__.py``."""
        return self.module if self.path.name == "__init__.py" else self.module.rpartition(".")[0]

    @property
    def unit(self) -> str:
        """The part of valpnas that the file belongs to: a key of ``TIERS``, a plug-in folder or ``runs``."""
        return unit_of(self.module)

    def at(self, node: ast.AST) -> str:
        """``path:line``, the head of a message about ``node``."""
        return f"{self.path}:{getattr(node, 'lineno', 1)}"


@dataclass(frozen=True)
class Import:
    """A module of valpnas (or another top-level package) named by an import statement or by an importing call."""

    target: str
    where: str
    by_call: bool = False


def unit_of(module: str) -> str:
    """``valpnas.graph.spec`` -> ``graph``; the package itself -> ``__init__``."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def python_files(root: Path, top: str) -> list[Path]:
    """Every Python file of a top-level folder in a fixed order; folders in ``runs`` are results and do not count."""
    pattern = "*.py" if top == "runs" else "**/*.py"
    return sorted(path for path in (root / top).glob(pattern) if "__pycache__" not in path.parts)


def module_of(path: Path) -> str:
    """Path below the root -> module: ``operators/macro/x.py`` -> ``valpnas.operators.macro.x``."""
    top, *rest = path.with_suffix("").parts
    return ".".join([PACKAGE_OF[top], *rest]).removesuffix(".__init__")


def read_sources(root: Path) -> list[Source]:
    """Every file that is shipped."""
    paths = [path.relative_to(root) for top in PACKAGE_OF for path in python_files(root, top)]
    return [Source(path, module_of(path), (root / path).read_text(encoding="utf-8")) for path in paths]


def names_of(sources: list[Source]) -> frozenset[str]:
    """Every module and unit that ``from package import name`` may mean."""
    return frozenset(source.module for source in sources) | {f"valpnas.{unit}" for unit in (*TIERS, *PLUG_INS)}


def imports_of(source: Source, names: frozenset[str]) -> Iterator[Import]:
    """Every import wherever it stands: inside a function or under TYPE_CHECKING it binds just as well."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, source.at(node)) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from _from_import(source, node, names)
        elif (
            isinstance(node, ast.Call) and called_name(node) in IMPORTING_CALLS and (target := constant_argument(node))
        ):
            yield Import(target.partition(":")[0], source.at(node), by_call=True)


def _from_import(source: Source, node: ast.ImportFrom, names: frozenset[str]) -> Iterator[Import]:
    base = _absolute_base(source, node)
    for alias in node.names:
        if (base, alias.name) == ("valpnas", "__version__"):
            continue  # a constant of the package itself, which needs nothing
        full = f"{base}.{alias.name}"
        yield Import(full if full in names else base, source.at(node))


def _absolute_base(source: Source, node: ast.ImportFrom) -> str:
    if node.level == 0:
        return node.module or ""
    parts = source.package.split(".")
    return ".".join([*parts[: len(parts) - node.level + 1], *filter(None, [node.module])])


def called_name(call: ast.Call) -> str:
    """The last name of what is called: ``import_module`` for ``importlib.import_module(...)``."""
    match call.func:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case _:
            return ""


def constant_argument(call: ast.Call) -> str | None:
    """The first argument where it is a plain string."""
    match call.args:
        case [ast.Constant(value=str(text)), *_]:
            return text
        case _:
            return None


def docstrings_of(tree: ast.Module) -> set[ast.AST]:
    """The string nodes that only document, at every level."""
    owners = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    bodies = [node.body for node in ast.walk(tree) if isinstance(node, owners)]
    return {statement.value for body in bodies for statement in body if isinstance(statement, ast.Expr)}


def strings_of(source: Source) -> Iterator[ast.Constant]:
    """Every string in the code, pieces of f-strings included, docstrings left out."""
    documentation = docstrings_of(source.tree)
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in documentation:
            yield node

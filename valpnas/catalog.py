"""The catalog: from a name to the object it stands for; the kernel's only reach into plug-in folders.

A name is looked up in the table of its folder, then among the entry points that other packages registered
(``valpnas.operators``, ``valpnas.diagnostics``, ``valpnas.problems``, ``valpnas.network_kinds``).
``package.module:Name`` names an object directly, and ``ucr:NAME`` a member of a family that a table has as one entry.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from importlib.resources import files
from inspect import Parameter, signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

from valpnas.contracts.entry import Entry
from valpnas.errors import ConfigError, UnknownNameError, ValpnasError, first_line

if TYPE_CHECKING:
    from valpnas.contracts.diagnostic import Diagnostic
    from valpnas.contracts.network_kind import NetworkKind
    from valpnas.contracts.operator import Operator
    from valpnas.contracts.problem import Problem
    from valpnas.contracts.space import Space
    from valpnas.graph.spec import Spec

_TABLES = {
    "operators": ("valpnas.operators", "OPERATORS"),
    "diagnostics": ("valpnas.diagnostics", "DIAGNOSTICS"),
    "problems": ("valpnas.problems", "PROBLEMS"),
    "network_kinds": ("valpnas.networks", "NETWORK_KINDS"),
}


@cache
def entries(table: str) -> tuple[Entry, ...]:
    """Return every entry of ``table``, ours first; raises ``ConfigError`` when two share a name."""
    ours = shipped(table)
    theirs = tuple(Entry(p.name, f"from {p.value}", p.value) for p in entry_points(group=f"valpnas.{table}"))
    names = [entry.name for entry in (*ours, *theirs)]
    if repeated := {name for name in names if names.count(name) > 1}:
        raise ConfigError(
            f"expected one {table} entry per name, got {', '.join(sorted(repeated))} twice; rename the plug-in's"
        )
    return (*ours, *theirs)


def shipped(table: str) -> tuple[Entry, ...]:
    """Return the entries of ``table`` that come with the package."""
    module, attribute = _TABLES[table]
    ours: tuple[Entry, ...] = getattr(import_module(module), attribute)
    return ours


def find(what: str, known: Sequence[Entry], name: str, besides: str = "") -> Entry:
    """Return the entry called ``name``; ``besides`` is told of an unknown one behind all else.

    Raises:
        UnknownNameError: there is none; the nearest names are offered.
        ConfigError: it is a family, and ``name`` does not say which member.
    """
    head, colon, argument = name.partition(":")
    for entry in known:
        if entry.argument and entry.name == head:
            if not argument:
                raise ConfigError(f"expected {what} {entry.written}, got {name!r}; say which {entry.argument}")
            return replace(entry, options={**entry.options, "argument": argument})
        if entry.name == name:
            return entry
    if colon:
        return Entry(name, f"from {name}", name)
    raise UnknownNameError(what, name, _offered(known, name), besides)


def _offered(known: Sequence[Entry], name: str, besides: Iterable[str] = ()) -> list[str]:
    """Return what ``name`` may have meant: the members of families so called, in whatever case, or else all names."""
    meant = [f"{entry.name}:{each}" for entry in known for each in _members(entry) if each.lower() == name.lower()]
    return meant or [*(entry.written for entry in known), *besides]


def _listed(known: Sequence[Entry]) -> str:
    return ", ".join(sorted(entry.written for entry in known))


def _members(entry: Entry) -> Sequence[str]:
    """Return the names that are known of a family; none of another entry."""
    module, _, attribute = entry.members.partition(":")
    names: Sequence[str] = getattr(import_module(module), attribute) if module else ()
    return names


def load(entry: Entry, kind: type = object, **arguments: Any) -> Any:
    """Import what ``entry`` points at and call it with the entry's options and ``arguments``; it must make a ``kind``.

    Raises:
        ConfigError: it cannot be imported or made, or is something else than a ``kind``.
    """
    called = _target(entry)
    try:
        made = called(**{**entry.options, **arguments})
    except ValpnasError:
        raise
    except Exception as error:  # not a class of ours, an abstract one, one with other arguments, or one that is broken
        raise ConfigError(
            f"cannot make {entry.target!r}: {first_line(error)}; expected a complete plug-in class"
        ) from error
    if not isinstance(made, kind):
        got = type(made).__name__
        raise ConfigError(
            f"cannot use {entry.target!r}: expected it to make a {kind.__name__}, got {got}; name another"
        )
    return made


def load_class(entry: Entry, kind: type) -> Any:
    """Import what ``entry`` points at; raises ``ConfigError`` unless it is a class of ``kind``."""
    found = _target(entry)
    if not (isinstance(found, type) and issubclass(found, kind)):
        got = found.__name__ if isinstance(found, type) else type(found).__name__
        raise ConfigError(f"cannot use {entry.target!r}: expected a class of {kind.__name__}, got {got}; name another")
    return found


def accepted(entry: Entry, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of ``arguments`` that what ``entry`` points at takes by name; raises ``ConfigError`` like ``load``.

    A class that takes any keyword gets them all.
    """
    try:
        parameters = signature(_target(entry)).parameters
    except (TypeError, ValueError):  # nothing that can be called, of which ``load`` will say more
        return dict(arguments)
    takes_any = any(parameter.kind is Parameter.VAR_KEYWORD for parameter in parameters.values())
    return {name: value for name, value in arguments.items() if takes_any or name in parameters}


def _target(entry: Entry) -> Any:
    """Import what ``entry`` points at; raises ``ConfigError`` when it cannot be."""
    module, _, attribute = entry.target.partition(":")
    try:
        return getattr(import_module(module), attribute)
    except Exception as error:  # importing a file of someone else's runs it
        raise ConfigError(
            f"cannot load {entry.target!r}: {first_line(error)}; expected package.module:Name on the Python path"
        ) from error


@cache
def network_kind(name: str) -> NetworkKind:
    """Return the network kind called ``name``."""
    from valpnas.contracts.network_kind import NetworkKind

    known = entries("network_kinds")
    kind: NetworkKind = load(find("network kind", known, name, f" (of {_listed(known)})"), NetworkKind)
    return kind


def read_spec(kind: str, data: Mapping[str, Any]) -> Spec:
    """Read the spec of a sub-network of ``kind``."""
    return network_kind(kind).read(data)


def operators(space: Space, extra: Sequence[str] = ()) -> dict[str, Operator]:
    """Return every operator variant, and those named ``package.module:Class`` in ``extra``, made for ``space``."""
    from valpnas.contracts.operator import Operator

    chosen = [*entries("operators"), *(find("operator", entries("operators"), name) for name in extra)]
    made: dict[str, Operator] = {}
    for entry in chosen:
        operator: Operator = load(entry, Operator, space=space)
        if operator.name in made:
            raise ConfigError(f"{entry.target}: expected a name of its own, got {operator.name!r} again; rename it")
        made[operator.name] = operator
    return made


def diagnostic(name: str) -> Diagnostic:
    """Return the diagnostic called ``name`` with its default parameters."""
    from valpnas.contracts.diagnostic import Diagnostic

    made: Diagnostic = load(find("diagnostic", entries("diagnostics"), name), Diagnostic)
    return made


def problem(name: str, folder: Path | None = None) -> Problem:
    """Return the problem called ``name``; its data are not read yet.

    ``folder`` is the user's, for data files. Members of a family read theirs at once, for only the files say how long
    the rows are and how many classes there are; raises ``DataError`` when they are missing or malformed.
    """
    from valpnas.contracts.problem import Problem, Reader

    entry = find("problem", entries("problems"), name)
    made: Problem = load(entry, Problem, **({"reader": Reader(folder)} if entry.argument else {}))
    return made


def run_file(target: str, what: str) -> Path | None:
    """Return the TOML file that ``target`` names; None when it is a problem's name, or ``package.module:function``.

    A problem goes before a file that comes with the package, which is named without its ending.

    Raises:
        UnknownNameError: it is none of these; ``what`` says in a word what was expected.
    """
    if target in {entry.name for entry in entries("problems")} or (":" in target and not target.endswith(".toml")):
        return None
    if target.endswith(".toml"):
        return Path(target)
    paths = (Path(str(file)) for file in files("valpnas.runs").iterdir())
    packaged = {path.stem: path for path in paths if path.suffix == ".toml"}
    if target not in packaged:
        raise UnknownNameError(what, target, _offered(entries("problems"), target, packaged))
    return packaged[target]


def called(target: str) -> str:
    """Return what to call that which ``target`` names, as a part of a folder's name."""
    return Path(target).stem if target.endswith(".toml") else target.replace(":", "-")

"""The compare file: one TOML with the keys of a run file, those of a comparison, and a table [arms.NAME] per arm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from valpnas import catalog, config
from valpnas.errors import ConfigError, UnknownNameError
from valpnas.experiments.arms import Arm, arms_of_choosers, arms_of_table
from valpnas.experiments.comparison import Comparison, Options
from valpnas.typed_tables import checked, read_toml

FORMAT = "valpnas-compare/1"
_FORMATS = (FORMAT, config.FORMAT)
_OPTIONS = tuple(f.name for f in fields(Options))


def is_compare_file(path: Path) -> bool:
    """Say whether a TOML file is one for ``compare``: by its format, or without one by its arms."""
    data = read_toml(path)
    return bool(data.get("format", FORMAT if "arms" in data else config.FORMAT) == FORMAT)


def read_keys(path: Path) -> dict[str, Any]:
    """Return the keys of a compare file or a run file; a run file is a comparison whose arms are still to be named.

    Raises:
        ConfigError: no such file, not TOML, another format.
        UnknownNameError: an unknown key, with the nearest known ones.
    """
    data = read_toml(path)
    if (found := data.pop("format", FORMAT)) not in _FORMATS:
        raise ConfigError(f"{path}: expected format {FORMAT!r}, got {found!r}; use the valpnas that wrote it")
    data.pop("about", None)
    for key in data:
        if key not in (*_OPTIONS, *config.KEYS, "arms"):
            raise UnknownNameError(f"key in {path}", key, [*_OPTIONS, *config.KEYS, "arms"])
    return data


def keys_of(target: str) -> tuple[dict[str, Any], str]:
    """Return the keys that TARGET stands for, and what to call the comparison.

    ``target`` is a problem's name, a compare file or run file, or the name of one that comes with the package.
    """
    file = catalog.run_file(target, "problem or compare file")
    return read_keys(file) if file else {"problem": target}, catalog.called(target)


def read_compare_file(path: Path) -> Comparison:
    """Read a comparison that needs no flags; raises ``ConfigError`` when it has no arms or no problem."""
    try:
        return assemble(read_keys(path))
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def assemble(keys: Mapping[str, Any], choosers: Sequence[str] = ()) -> Comparison:
    """Return the comparison of ``keys``; ``choosers`` is the shorthand for their arms.

    Raises:
        ConfigError: arms of both kinds or of none, or settings that cannot be used.
    """
    if choosers and "arms" in keys:
        raise ConfigError("expected arms from a file or from --choosers, got both; leave one out")
    arms: tuple[Arm, ...]
    if choosers:
        arms = arms_of_choosers(choosers, size_given="start_parameters" in keys)
    else:
        arms = arms_of_table(keys.get("arms", {}))
    options = Options(**checked(Options, {k: v for k, v in keys.items() if k in _OPTIONS}, "key"))
    return Comparison({k: v for k, v in keys.items() if k in config.KEYS}, arms, options)

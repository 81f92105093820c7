"""Typed tables: TOML read, and its keys and types checked against a dataclass."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from sys import float_info
from typing import Any, get_args, get_origin, get_type_hints

from valpnas.errors import ConfigError, UnknownNameError, first_line


def read_toml(path: Path) -> dict[str, Any]:
    """Return the content of a TOML file; raises ``ConfigError`` when there is none or it is not TOML."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: expected a run file, got {error.strerror}; check the path") from error
    except (ValueError, RecursionError) as error:  # not TOML, not UTF-8, a number of too many digits, too deep
        raise ConfigError(f"{path}: expected TOML, got {first_line(error)}; correct the file") from error


def checked(kind: type, data: Any, what: str) -> dict[str, Any]:
    """Return ``data`` with lists as tuples after checking each key and type against the dataclass ``kind``."""
    if not isinstance(data, Mapping):
        raise ConfigError(f"expected a table for each {what}, got {data!r}")
    known = {f.name for f in fields(kind) if f.compare}
    hints = get_type_hints(kind)
    for name, value in data.items():
        if name not in known:
            raise UnknownNameError(what, name, known)
        _check_type(name, value, hints[name])
    return {name: _converted(value, hints[name]) for name, value in data.items()}


def _check_type(name: str, value: Any, wanted: Any) -> None:
    if get_origin(wanted) is Mapping:
        item = get_args(wanted)[1]
        fits = isinstance(value, Mapping) and all(_is(each, item) for each in value.values())
        words = f"a table of {_PLURAL[item]}"
    elif items := get_args(wanted):
        fits = isinstance(value, list | tuple) and all(_is(each, items[0]) for each in value)
        words = f"a list of {_PLURAL[items[0]]}"
    else:
        fits, words = _is(value, wanted), _SINGULAR.get(wanted, str(wanted))
    if not fits:
        raise ConfigError(f"{name}: expected {words}, got {value!r}")


_SINGULAR = {str: "a string", bool: "true or false", int: "a whole number", float: "a number"}
_PLURAL = {str: "strings", int: "whole numbers", float: "numbers"}


def _is(value: Any, wanted: Any) -> bool:
    if isinstance(value, bool):
        return wanted is bool
    if wanted is float and isinstance(value, int):
        return abs(value) <= float_info.max
    return isinstance(value, wanted)


def _converted(value: Any, wanted: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _converted(each, get_args(wanted)[1]) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return tuple(_converted(each, get_args(wanted)[0]) for each in value)
    return float(value) if wanted is float else value

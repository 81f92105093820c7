"""Arms: what a comparison compares. An arm is a named partial run file; everything else its runs share."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from valpnas.errors import ConfigError, UnknownNameError
from valpnas.experiments.lengths import AS_LONG_AS
from valpnas.search import CHOOSERS, SEARCHES

LIKE_WINNER = "winner"  # as start_parameters: as many weights as the best arm that does not say this ended with
HAND_MADE = "hand-made"  # in a list of choosers: two arms, a wide and a deep model that are only trained

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")  # it becomes the name of a folder
SHARED = ("problem", "seed", "device", "data_dir", "out", "quiet")


@dataclass(frozen=True)
class Arm:
    """A named partial run file; ``keys`` go before those that all arms share.

    One more key, ``as_long_as``, names an arm: this one then gets as many steps as fit into that one's seconds.
    """

    name: str
    keys: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raise ``ConfigError`` for a name no folder can have, or a key that all arms must share."""
        if not _NAME.fullmatch(self.name):
            raise ConfigError(f"arms: expected names of letters, digits, '_', '.' and '-', got {self.name!r}")
        if not isinstance(self.keys, Mapping):
            raise ConfigError(f"arms.{self.name}: expected a table of run-file keys, got {self.keys!r}")
        if own := [key for key in SHARED if key in self.keys]:
            raise ConfigError(
                f"arms.{self.name}: expected no key {own[0]!r}, which all arms share; set it above the arms"
            )

    @property
    def as_long_as(self) -> str:
        """The arm whose seconds it is to take; empty when it has the steps of its settings."""
        return str(self.keys.get(AS_LONG_AS, ""))

    @property
    def run_keys(self) -> dict[str, Any]:
        """The keys that are those of a run file."""
        return {key: value for key, value in self.keys.items() if key != AS_LONG_AS}

    @property
    def like_winner(self) -> bool:
        """Whether its start is to be as large as what the best of the other arms ended with."""
        return self.keys.get("start_parameters") == LIKE_WINNER


def arms_of_table(table: Any) -> tuple[Arm, ...]:
    """Return the arms of a file's ``[arms.NAME]`` tables, in their order."""
    if not isinstance(table, Mapping):
        raise ConfigError(f"arms: expected tables [arms.NAME], got {table!r}")
    return tuple(Arm(name, keys) for name, keys in table.items())


def arms_of_choosers(names: Sequence[str], size_given: bool) -> tuple[Arm, ...]:
    """Return one arm per chooser, named like it, and two for ``hand-made``.

    Hand-made models get as many parameters as the winner ended with, unless ``size_given`` says that
    ``start_parameters`` was set for all.
    """
    known = [entry.name for entry in CHOOSERS]
    arms: list[Arm] = []
    for name in names:
        if name == HAND_MADE:
            arms += [_hand_made(start, size_given) for start in ("wide", "deep")]
        elif name in known:
            arms.append(Arm(name, {"chooser": name}))
        elif name in {entry.name for entry in SEARCHES}:
            raise ConfigError(
                f"--choosers: expected choosers, got {name!r}, which is a search; compare searches by a file whose "
                f'table [arms.{name}] has search = "{name}": `valpnas compare FILE.toml`'
            )
        else:
            raise UnknownNameError("chooser", name, [*known, HAND_MADE])
    return tuple(arms)


def _hand_made(start: str, size_given: bool) -> Arm:
    size = {} if size_given else {"start_parameters": LIKE_WINNER}
    return Arm(f"{HAND_MADE}-{start}", {"start": start, "chooser": "train-only", **size})

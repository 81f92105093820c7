"""The help of ``run``: every option in one group, with the default of the run file and no other."""

from __future__ import annotations

import inspect
from dataclasses import fields
from pathlib import Path

import pytest

from tests.test_cli import valpnas
from valpnas.commands import running
from valpnas.commands.run_help import PANELS, default_of
from valpnas.config import RunConfig
from valpnas.contracts.cell_search import CellSearch
from valpnas.contracts.space import Space


def test_every_option_is_in_one_group() -> None:
    grouped = [name for names in PANELS.values() for name in names.split()]
    assert sorted(grouped) == sorted(inspect.signature(running.run).parameters.keys() - {"target"})


def test_defaults_are_those_of_the_dataclasses() -> None:
    for field in fields(RunConfig):
        if field.name in inspect.signature(running.run).parameters:
            assert default_of(field.name) == field.default
    assert default_of("max_parameters") == Space().max_parameters
    assert default_of("networks") == Space().networks
    assert default_of("cell_networks") == CellSearch().networks
    assert default_of("as_json") is None


@pytest.mark.parametrize("columns", ["80", "120"])
def test_the_help_shows_groups_and_defaults(columns: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    told = valpnas("run", "--help", folder=tmp_path).stdout
    assert [told.index(f"─ {panel} ─") for panel in PANELS] == sorted(told.index(f"─ {panel} ─") for panel in PANELS)
    assert "─ Options ─" not in told
    for text in ("[default: hill-climbing]", f"[default: {RunConfig.population}]", "[default: synchronous]"):
        assert text in told

"""The help of ``valpnas run``: its options in groups, each with the default that a run file has."""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any

from typer.core import TyperCommand

PANELS = {
    "Problem and data": "data_dir networks max_parameters",
    "Search": "search start start_parameters chooser cell_blocks accept rejected steps without objectives max_latency",
    "Population": "population generations max_seconds stagnation",
    "Cells": "blocks children exploration epochs filters motifs normal_cells cell_operations cell_networks",
    "Training": (
        "initial_batches batches_per_step batch_size learning_rate algorithm schedule final_decay balancing select "
        "engine precision time_limit"
    ),
    "Machine": "device executor workers asynchronous jobs_per_gpu seed",
    "Output": "out report quiet as_json",
}
"""Names of options, separated by blanks, by the group that they are shown in."""


class RunHelp(TyperCommand):
    """A command whose help is arranged when it is asked for: the run file's defaults are not there sooner."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help."""
        by_name = {parameter.name: parameter for parameter in self.params}
        options = []
        for panel, names in PANELS.items():
            for name in names.split():
                options.append(by_name.pop(name))
                _arrange(options[-1], panel)
        self.params = [*by_name.values(), *options]
        if shown := self.get_help_option(ctx):
            shown.rich_help_panel = "Output"
        super().format_help(ctx, formatter)


def _arrange(option: Any, panel: str) -> None:
    option.rich_help_panel = panel
    default = default_of(option.name)
    if default not in ("", None, ()):
        option.default, option.show_default = default, True


def default_of(name: str) -> Any:
    """Return the default of the run file's key that the option called ``name`` sets; None where there is none."""
    from valpnas.config import RunConfig
    from valpnas.contracts.cell_search import CellSearch
    from valpnas.contracts.space import Space

    for table, key in ((RunConfig, name), (Space, name), (CellSearch, name.removeprefix("cell_"))):
        for field in fields(table):
            if field.name == key:
                return None if field.default is MISSING else field.default
    return None

"""Optimiser groups: outputs of equal algorithm and learning rate are driven by one optimiser and one backward pass."""

from __future__ import annotations

from dataclasses import dataclass

from valpnas.graph.valp import OutputTraining, Valp


@dataclass(frozen=True)
class OptimiserGroup:
    """Outputs whose summed loss one optimiser follows; ``lead`` (its first output) names the group's state."""

    outputs: tuple[str, ...]
    how: OutputTraining

    @property
    def lead(self) -> str:
        """The output under whose name the group's optimiser state is kept."""
        return self.outputs[0]


def optimiser_groups(valp: Valp) -> tuple[OptimiserGroup, ...]:
    """Return the groups of ``valp``, ordered by their lead outputs."""
    members: dict[OutputTraining, list[str]] = {}
    for output, how in valp.output_training.items():
        members.setdefault(how, []).append(output)
    return tuple(OptimiserGroup(tuple(outputs), how) for how, outputs in members.items())

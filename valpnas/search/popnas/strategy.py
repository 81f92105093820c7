"""Strategies: in what the versions of POPNAS, and PNAS, differ, as data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Strategy:
    """How a round is chosen from the cells that have a block more.

    ``weighs_costs``: the front of score and costs is trained, else the best scores alone. ``explores``: cells that use
    what the front neglects are trained too, in every round but the last. ``distance_points``: for being chosen there a
    cell also gets points for how far its estimates lie from those of the one chosen before.
    """

    weighs_costs: bool
    explores: bool
    distance_points: bool = False


V3 = Strategy(weighs_costs=True, explores=True)
V2 = Strategy(weighs_costs=True, explores=True, distance_points=True)
V1 = Strategy(weighs_costs=True, explores=False)
PNAS = Strategy(weighs_costs=False, explores=False)

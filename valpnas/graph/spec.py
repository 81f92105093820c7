"""Spec: what one sub-network is made of, as the graph needs to know it.

The graph never looks inside; each network kind brings its own frozen ``Spec`` (``networks/``), which is
why validity and hashing need no table of kinds.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

Shape = tuple[int, ...]  # (d,) a vector; (channels, length) or (channels, height, width) a map


@dataclass(frozen=True)
class InnerExits:
    """Classifiers inside a sub-network, which are trained along with an output and are no part of what it computes.

    They answer the output ``output``, of ``classes``. ``weights`` are those of their losses, and ``head`` that of the
    output's own while they are trained beside it.
    """

    output: str
    classes: int
    weights: tuple[float, ...]
    head: float


class Spec(ABC):
    """Frozen, hashable description of a sub-network; subclasses are frozen dataclasses.

    ``kind`` names the network kind; ``decodes`` says that the network draws its value from a latent
    distribution (a decoder), so that what lies behind it can be sampled without the inputs;
    ``passes_identity`` says that an arc into it may also add its source's value to the network's output.
    """

    kind: ClassVar[str]
    decodes: ClassVar[bool] = False
    passes_identity: ClassVar[bool] = False

    @property
    def summary(self) -> str:
        """What the sub-network is, in a line for a person; empty where its kind and shapes say enough."""
        return ""

    @property
    def inner_exits(self) -> InnerExits | None:
        """The classifiers inside, if there are any."""
        return None

    @property
    @abstractmethod
    def output_shape(self) -> Shape:
        """Shape of the value the sub-network emits, without the batch dimension."""

    def takes(self, shapes: Sequence[Shape]) -> bool:  # noqa: ARG002 - most networks take whatever their kind accepts
        """Say whether the network can have exactly these sources; a network that can take any says so always."""
        return True

    @abstractmethod
    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data from which the kind's ``read`` makes an equal spec."""

"""Augmentation: how images of a batch are altered in training, as plain data; ``training/augmenting.py`` does it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from valpnas.errors import ConfigError
from valpnas.graph.tasks import Classification, Regression
from valpnas.graph.valp import Input, Output


@dataclass(frozen=True)
class Augmentation:
    """What happens to each image of a batch, at random (POPNASv3 4.1; facts B11).

    ``shift`` moves it by up to this part of its height and of its width; ``flip`` mirrors left and right in every
    second one, which is wrong where sides matter, as in digits; ``cutout`` blackens a square of this part of its sides.
    """

    shift: float = 0.0
    flip: bool = False
    cutout: float = 0.0

    def __post_init__(self) -> None:
        """Raise ``ConfigError`` for parts of a side outside [0, 1)."""
        for name in ("shift", "cutout"):
            if not 0 <= getattr(self, name) < 1:
                got = getattr(self, name)
                raise ConfigError(f"augmentation.{name}: expected a part of a side in [0, 1), got {got}; 0.125, say")

    def __bool__(self) -> bool:
        """Whether anything is altered."""
        return self != Augmentation()

    def check(self, inputs: Iterable[Input], outputs: Iterable[Output]) -> None:
        """Raise ``ConfigError`` where altered images would not fit their targets, or there is no single image input.

        A generation reproduces the image as it was, and a histogram counts its grey levels: both would be wrong.
        """
        if not self:
            return
        images = [vertex.name for vertex in inputs if is_image(vertex)]
        if len(images) != 1:
            raise ConfigError(f"augmentation: expected one input of images, got {images or 'none'}; leave it out")
        for output in outputs:
            if not isinstance(output.task, Classification | Regression):
                raise ConfigError(
                    f"augmentation: expected classes and numbers alone as targets, got the {output.task.name} "
                    f"{output.name!r}, which depends on the image as it was; leave it out"
                )


def is_image(vertex: Input) -> bool:
    """Say whether an input holds images ``(channels, height, width)``."""
    return vertex.kind == "image" and len(vertex.shape) == 3

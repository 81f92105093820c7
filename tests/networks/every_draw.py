"""EveryDraw: a stand-in for a random generator that, run again and again, makes every choice there is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar, cast

import numpy as np

Result = TypeVar("Result")


class EveryDraw:
    """Answers like a ``numpy.random.Generator`` from a script of choices, and notes how many each had."""

    def __init__(self, script: Sequence[int]) -> None:
        self.script = list(script)
        self.sizes: list[int] = []

    def integers(self, high: int) -> int:
        return self._pick(high)

    def random(self) -> float:
        return (0.0, 1.0 - 1e-9)[self._pick(2)]

    def choice(self, items: Sequence[str]) -> str:
        return items[self._pick(len(items))]

    def _pick(self, size: int) -> int:
        place = len(self.sizes)
        self.sizes.append(size)
        if place == len(self.script):
            self.script.append(0)
        return self.script[place]

    def next_script(self) -> list[int] | None:
        """The script of the next run: the last choice that has another option takes it; None when there is none."""
        for place in reversed(range(len(self.sizes))):
            if self.script[place] + 1 < self.sizes[place]:
                return [*self.script[:place], self.script[place] + 1]
        return None


def every_outcome(draw: Callable[[np.random.Generator], Result]) -> Iterator[Result]:
    """Yield what ``draw`` returns for every series of choices its generator can make."""
    script: list[int] | None = []
    while script is not None:
        source = EveryDraw(script)
        yield draw(cast(np.random.Generator, source))
        script = source.next_script()

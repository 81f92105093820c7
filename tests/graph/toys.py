"""Small VALPs for tests: toy specs, and a notation in which a whole graph is one readable line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from valpnas.graph.spec import InnerExits, Shape, Spec
from valpnas.graph.tasks import Classification, Generation, Task
from valpnas.graph.valp import Arc, Input, Output, SubNetwork, Valp


@dataclass(frozen=True)
class Toy(Spec):
    """A sub-network that is nothing but a width."""

    width: int = 4
    kind: ClassVar[str] = "toy"
    passes_identity: ClassVar[bool] = True

    @property
    def output_shape(self) -> Shape:
        return (self.width,)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class ToyDecoder(Toy):
    """A toy that draws its value from a latent distribution."""

    kind: ClassVar[str] = "toy_decoder"
    decodes: ClassVar[bool] = True
    passes_identity: ClassVar[bool] = False


@dataclass(frozen=True)
class ToyOfOne(Toy):
    """A toy that takes one source."""

    def takes(self, shapes: Sequence[Shape]) -> bool:
        return len(shapes) == 1


@dataclass(frozen=True)
class ToyOfExits(Toy):
    """A toy with a classifier inside that answers ``answers``."""

    answers: str = "o1"
    classes: int = 3

    @property
    def inner_exits(self) -> InnerExits:
        return InnerExits(self.answers, self.classes, (0.25,), 0.75)


def read_toy(kind: str, data: dict[str, Any]) -> Spec:
    """Read what ``to_json`` of a toy wrote."""
    return {"toy": Toy, "toy_decoder": ToyDecoder}[kind](**data)


def sketch(text: str, specs: Mapping[str, Spec] | None = None, optional: str = "") -> Valp:
    """Build the VALP of ``text``, such as ``"i1 > n1 > o1, i1 > d1 >> n2 > g1"``; it need not be valid.

    Names say what a component is: ``i`` an input of shape (4,), ``n`` a toy, ``d`` a toy decoder, ``o`` a
    classification, ``g`` a generation. ``>>`` is an arc with identity.
    """
    arcs = list(_arcs(text))
    names = sorted({name for chain in text.split(",") for name in re.split(r"\s*>+\s*", chain.strip())})
    made = {name: ToyDecoder() if name[0] == "d" else Toy() for name in names if name[0] in "nd"}
    tasks: dict[str, Task] = {"o": Classification(3), "g": Generation((2, 2))}
    return Valp.make(
        inputs=[Input(name, (4,), optional=name == optional) for name in names if name[0] == "i"],
        networks=[SubNetwork(name, spec) for name, spec in {**made, **(specs or {})}.items()],
        outputs=[Output(name, tasks[name[0]]) for name in names if name[0] in tasks],
        arcs=arcs,
    )


def _arcs(text: str) -> Iterator[Arc]:
    for chain in text.split(","):
        pieces = re.split(r"\s*(>+)\s*", chain.strip())
        for source, sign, target in zip(pieces[::2], pieces[1::2], pieces[2::2], strict=False):
            yield Arc(source, target, identity=sign == ">>")


# [VALP] Figure 2: n1, n3 and n5 serve o1 alone, n4 serves o2 alone, n2 and n6 serve both.
FIGURE_2 = sketch("i1 > n1 > n3 > o1, i1 > n2 > n6 > n5 > o1, n6 > n4 > o2, n2 > n3")

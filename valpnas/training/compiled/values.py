"""Values: the memory of every value and of its gradient, ``(size, rows)``, for several models a stack of these.

Numbers of one kind lie side by side over the batch (features are rows), so that neighbours in the arena are one block
of memory. Wide nodes, the logits of a generation, have memory of their own that is ``(rows, size)``, as their targets
are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor

from valpnas.training.compiled.layout import Layout
from valpnas.training.compiled.nodes import Affine, Node


class Values:
    """Memory for one batch. ``forward`` and ``gradient`` give what a value's receivers read and what they add to."""

    def __init__(
        self, layout: Layout, nodes: Sequence[Node], sizes: Mapping[str, int], models: int, rows: int, like: Tensor
    ) -> None:
        """Allocate everything; ``like`` says on which device and in which precision."""
        self.models, self.rows, self._sizes, self._like = models, rows, sizes, like
        self._spans: dict[str, tuple[int, int, int]] = {}  # by node: first row and height of its span, place in it
        height = 0
        loose = [[node.name] for node in nodes if not isinstance(node, Affine)]
        for span in [*([node.name for node in span] for span in layout.spans), *loose]:
            total, within = sum(sizes[name] for name in span), 0
            for name in span:
                self._spans[name] = (height, total, within)
                within += sizes[name]
            height += total
        self.arena, self.gradients = self.empty(models * height, rows), self.empty(models * height, rows)
        self._wide = {node.name: self.stack(rows, node.size) for node in layout.wide}
        self._wide_gradients = {node.name: self.stack(rows, node.size) for node in layout.wide}
        self._others: dict[str, Tensor] = {}

    def empty(self, *shape: int) -> Tensor:
        """Return new memory, zero so that no rubbish is ever a number that is not finite."""
        return self._like.new_zeros(shape)

    def stack(self, *shape: int) -> Tensor:
        """Return new memory of ``shape`` for every model."""
        return self.empty(*shape) if self.models == 1 else self.empty(self.models, *shape)

    def size(self, name: str) -> int:
        """Return how many numbers per row a value has."""
        return self._sizes[name]

    def is_wide(self, name: str) -> bool:
        """Say whether a node has memory of its own."""
        return name in self._wide

    def wide(self, name: str) -> Tensor:
        """Return the memory of a wide node, ``(rows, size)``."""
        return self._wide[name]

    def wide_gradient(self, name: str) -> Tensor:
        """Return the gradient's memory of a wide node, ``(rows, size)``."""
        return self._wide_gradients[name]

    def beside(self, name: str, size: int) -> None:
        """Make memory for a value that no node makes and nothing else reads, ``(rows, size)`` as that of wide nodes."""
        self._sizes = {**self._sizes, name: size}
        self._wide[name], self._wide_gradients[name] = self.stack(self.rows, size), self.stack(self.rows, size)

    def put(self, name: str, value: Tensor) -> None:
        """Say that receivers read ``value`` for ``name``: an input's, or one beside the arena."""
        self._others[name] = value

    def forward(self, *names: str) -> Tensor:
        """Return the value of one node or input, or of neighbours in the arena."""
        if names[0] in self._others:
            return self._others[names[0]]
        return self.before(*names)

    def before(self, *names: str) -> Tensor:
        """Return the sums of neighbours as they are before an activation that keeps them."""
        return self._wide[names[0]].mT if names[0] in self._wide else self._block(self.arena, names)

    def gradient(self, *names: str) -> Tensor:
        """Return the gradient's memory of one node or of neighbours."""
        return self._wide_gradients[names[0]].mT if names[0] in self._wide else self._block(self.gradients, names)

    def put_run(self, names: Sequence[str], value: Tensor) -> None:
        """Say that receivers of neighbours read ``value``, which holds all of them."""
        start = 0
        for name in names:
            self.put(name, value.narrow(-2, start, self._sizes[name]))
            start += self._sizes[name]

    def _block(self, memory: Tensor, names: Sequence[str]) -> Tensor:
        span, height, within = self._spans[names[0]]
        size = sum(self._sizes[name] for name in names)
        if self.models == 1:
            return memory[span + within : span + within + size]
        stack = memory[self.models * span : self.models * (span + height)]
        return stack.view(self.models, height, self.rows)[:, within : within + size]

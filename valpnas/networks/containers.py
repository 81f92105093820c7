"""Containers of a VALP's torch module: modules under any name, and uninitialised parameters by shape."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

M = TypeVar("M", bound=nn.Module)


class Named(nn.Module, Generic[M]):
    """Modules by name.

    torch's ``ModuleDict`` refuses names such as "train" or "keys", which a problem's author may well give an output.
    """

    def __init__(self, modules: Mapping[str, M]) -> None:
        """Register ``modules`` under exactly these names."""
        super().__init__()
        self._items = dict(modules)
        self._modules.update(modules)

    def __getitem__(self, name: str) -> M:
        """Return the module called ``name``; raises ``KeyError`` when there is none."""
        return self._items[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self._items)

    def items(self) -> list[tuple[str, M]]:
        """Return the modules with their names."""
        return list(self._items.items())

    def values(self) -> list[M]:
        """Return the modules."""
        return list(self._items.values())


class Parameters(nn.Module):
    """Uninitialised parameters by name, looked up without the cost of attribute access."""

    def __init__(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        """Make a parameter of each shape."""
        super().__init__()
        for name, shape in shapes.items():
            self.register_parameter(name, nn.Parameter(torch.empty(shape)))

    def __getitem__(self, name: str) -> Tensor:
        """Return the parameter called ``name``; raises ``KeyError`` when there is none."""
        parameter = self._parameters[name]
        if parameter is None:
            raise KeyError(name)
        return parameter

    def values(self) -> list[Tensor]:
        """Return the parameters."""
        return list(self.parameters())

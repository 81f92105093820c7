"""Named: a container of modules under any name.

torch's ``ModuleDict`` refuses names such as "train" or "keys", which a problem's author may well give an output.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from torch import nn


class Named(nn.Module):
    """Modules by name, registered as children under exactly these names."""

    def __init__(self, modules: Mapping[str, nn.Module]) -> None:
        """Register ``modules``."""
        super().__init__()
        self._modules.update(modules)

    def __getitem__(self, name: str) -> nn.Module:
        """Return the module called ``name``; raises ``KeyError`` when there is none."""
        module = self._modules[name]
        if module is None:
            raise KeyError(name)
        return module

    def items(self) -> list[tuple[str, nn.Module]]:
        """Return the modules with their names."""
        return [(name, self[name]) for name in self]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self._modules)

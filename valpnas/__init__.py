"""valpnas designs multi-network models: look inside, change what should change, keep what is better.

The public names load lazily, so that ``import valpnas`` costs nothing and pulls in no torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from valpnas.contracts.problem import Problem as Problem
    from valpnas.errors import ValpnasError as ValpnasError
    from valpnas.run import design as design
    from valpnas.run import load as load

__version__ = "0.1.0"
__all__ = ["Problem", "ValpnasError", "__version__", "design", "load"]

_HOMES = {
    "design": "valpnas.run",
    "load": "valpnas.run",
    "Problem": "valpnas.contracts.problem",
    "ValpnasError": "valpnas.errors",
}


def __getattr__(name: str) -> Any:
    """Load a public name from its home on first use."""
    if name not in _HOMES:
        raise AttributeError(f"module 'valpnas' has no attribute {name!r}; it offers {', '.join(sorted(_HOMES))}")
    return getattr(import_module(_HOMES[name]), name)

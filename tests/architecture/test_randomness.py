"""No global randomness: every draw in shipped code comes from a generator handed in, so that a run can be replayed."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator

import pytest

from .sources import Source

PlantSources = Callable[[dict[str, str]], list[Source]]

# All of numpy.random but these draws from, or sets, the hidden global state.
NUMPY_ALLOWED = "Generator|BitGenerator|SeedSequence|default_rng|PCG64|PCG64DXSM|Philox|SFC64|MT19937"
# These offer no generator argument, or set the global state.
NEVER = re.compile(
    rf"random(\..*)?"
    rf"|numpy\.random\.(?!({NUMPY_ALLOWED})(\.|$)).+"
    r"|torch\.(cuda\.|mps\.|random\.)?(manual_seed|manual_seed_all|seed|seed_all|set_rng_state|set_rng_state_all)"
    r"|torch\.(nn\.|nn\.functional\.)?(\w*[dD]ropout\w*|rrelu_?|RReLU|gumbel_softmax|[fF]ractional\w+)"
)
# Without the keyword, each of these draws from the global state; a mention that is no such call is refused too.
NEEDS = {
    "generator": re.compile(
        r"torch\.(rand|randn|randint|randperm|bernoulli|multinomial|normal|poisson)(_like)?"
        r"|torch\.nn\.init\.(uniform|normal|trunc_normal|xavier_\w+|kaiming_\w+|orthogonal|sparse)_"
        r"|torch\.utils\.data\.(random_split|RandomSampler|DataLoader)"
    ),
    "random_state": re.compile(
        r"sklearn\..*\.(train_test_split|resample|shuffle|mutual_info_\w+|make_\w+|MLP\w+|RandomForest\w+|ExtraTrees\w+"
        r"|GradientBoosting\w+|HistGradientBoosting\w+|DecisionTree\w+|KMeans|ShuffleSplit|StratifiedShuffleSplit)"
    ),
}
# Tensor methods that draw in place; the names exist nowhere else, so the object need not be known.
DRAWING_METHODS = frozenset(
    f"{name}_"
    for name in ("normal", "uniform", "random", "bernoulli", "exponential", "log_normal", "cauchy", "geometric")
)
# Without an argument these are seeded by the clock or the system.
UNSEEDED = re.compile(r"numpy\.random\.(default_rng|SeedSequence|PCG64|PCG64DXSM|Philox|SFC64|MT19937)")


def global_draws(sources: list[Source]) -> list[str]:
    """Every place that draws from, or sets, a hidden global random state."""
    return [problem for source in sources for problem in (*_imports_of_random(source), *_draws(source))]


def _imports_of_random(source: Source) -> Iterator[str]:
    for node in ast.walk(source.tree):
        modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            modules = [node.module or ""]
        if "random" in modules:
            yield f"{source.at(node)}: imports random"


def _draws(source: Source) -> Iterator[str]:
    aliases = _aliases(source.tree)
    calls = {id(node.func): node for node in ast.walk(source.tree) if isinstance(node, ast.Call)}
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute | ast.Name):
            reason = _objection(_qualified(node, aliases), node, calls.get(id(node)))
            if reason:
                yield f"{source.at(node)}: {ast.unparse(node)} {reason}"


def _aliases(tree: ast.Module) -> dict[str, str]:
    """Local name -> what it stands for: ``np`` -> ``numpy``, ``randn`` -> ``torch.randn``."""
    aliases: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            aliases |= {alias.asname or alias.name.split(".")[0]: alias.name for alias in node.names if alias.asname}
            aliases |= {alias.name.split(".")[0]: alias.name.split(".")[0] for alias in node.names if not alias.asname}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            aliases |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return aliases


def _qualified(node: ast.expr, aliases: dict[str, str]) -> str:
    """The full name of an imported thing, empty for anything that was not imported."""
    match node:
        case ast.Name(id=name):
            return aliases.get(name, "")
        case ast.Attribute(value=value, attr=attr) if base := _qualified(value, aliases):
            return f"{base}.{attr}"
        case _:
            return ""


def _objection(name: str, node: ast.expr, call: ast.Call | None) -> str:
    if NEVER.fullmatch(name):
        return "uses global randomness"
    if call and UNSEEDED.fullmatch(name) and not (call.args or call.keywords):
        return "has no seed"
    needed = [keyword for keyword, pattern in NEEDS.items() if pattern.fullmatch(name)]
    if isinstance(node, ast.Attribute) and node.attr in DRAWING_METHODS and not needed:
        needed = ["generator"]
    return "".join(f"is not called with {keyword}=" for keyword in needed if not _passes(call, keyword))


def _passes(call: ast.Call | None, keyword: str) -> bool:
    given = [each.value for each in call.keywords if each.arg == keyword] if call else []
    return any(not (isinstance(value, ast.Constant) and value.value is None) for value in given)


def test_no_global_randomness(sources: list[Source]) -> None:
    assert global_draws(sources) == []


@pytest.mark.parametrize(
    "text",
    [
        "import random",
        "from random import choice",
        "import numpy as np\nnp.random.seed(1)",
        "import numpy as np\nnp.random.rand(3)",
        "import numpy.random as nr\nnr.RandomState(0)",
        "from numpy import random\nrandom.shuffle(x)",
        "from numpy.random import randint\nrandint(3)",
        "import numpy as np\nrng = np.random.default_rng()",
        "import torch\ntorch.manual_seed(0)",
        "import torch\ntorch.cuda.manual_seed_all(0)",
        "import torch\ntorch.rand(3)",
        "from torch import randn\nrandn(3)",
        "import torch\ntorch.randn_like(x)",
        "import torch\ntorch.randperm(3, generator=None)",
        "import torch\ndraw = torch.normal\ndraw(0, 1, generator=g)",
        "x.normal_(0, 1)",
        "model.weight.data.uniform_(-1, 1)",
        "from torch import nn\nnn.init.kaiming_normal_(w)",
        "from torch.nn import init\ninit.orthogonal_(w)",
        "import torch.nn.functional as F\nF.dropout(x, 0.5)",
        "from torch.nn import Dropout\nDropout(0.5)",
        "def late():\n    import torch\n    return torch.bernoulli(p)",
        "from sklearn.model_selection import train_test_split\ntrain_test_split(x)",
        "from sklearn import feature_selection as fs\nfs.mutual_info_classif(x, y)",
    ],
)
def test_a_global_draw_is_found(plant_sources: PlantSources, text: str) -> None:
    assert len(global_draws(plant_sources({"operators/bad.py": text}))) >= 1


@pytest.mark.parametrize(
    "text",
    [
        "import numpy as np\nrng = np.random.default_rng(3)\nrng.normal(size=3)\nrng.random()\nrng.shuffle(x)",
        "import numpy as np\ndef f(rng: np.random.Generator): ...\nnp.random.SeedSequence(entropy=1)",
        "import torch\ng = torch.Generator().manual_seed(3)\ntorch.rand(3, generator=g)\ntorch.poisson(x, generator=g)",
        "from torch import nn\nnn.init.normal_(w, generator=g)\nx.normal_(generator=g)\nnn.functional.relu(x)",
        "from sklearn.model_selection import train_test_split\ntrain_test_split(x, random_state=seed)",
        "random = 3\nself.random(random)\nseed(3)",
    ],
)
def test_draws_from_a_generator_are_allowed(plant_sources: PlantSources, text: str) -> None:
    assert global_draws(plant_sources({"operators/good.py": text})) == []

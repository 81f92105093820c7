"""What must stay closed: no pickle on disk, and the test objectives out of sight of whatever decides the search."""

from __future__ import annotations

import ast
from collections.abc import Callable

import pytest

from .sources import PLUG_INS, Source, docstrings_of, imports_of, names_of

PlantSources = Callable[[dict[str, str]], list[Source]]

PICKLES = frozenset({"pickle", "_pickle", "cPickle", "cloudpickle", "dill", "shelve", "marshal"})
PICKLING_CALLS = frozenset({"torch.save", "torch.load", "joblib.dump", "joblib.load", "np.save", "numpy.save"})

TEST_OBJECTIVES = "test_objectives"
# What proposes, judges or looks at candidates may not mention the test objectives at all: it would fit them.
DECIDERS = ("search", *PLUG_INS)
# What trains and predicts may compute with test data when it is told to, and may not reach the file.
TRAINERS = ("training", "predictors")


def pickles(sources: list[Source]) -> list[str]:
    """Places that write or read pickle: a run directory from a stranger must be safe to open."""
    names = names_of(sources)
    imported = [
        f"{found.where}: {found.target}"
        for source in sources
        for found in imports_of(source, names)
        if found.target.split(".")[0] in PICKLES
    ]
    return imported + [f"{source.at(node)}: pickles" for source in sources for node in _pickling(source.tree)]


def _pickling(tree: ast.Module) -> list[ast.AST]:
    named = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and ast.unparse(node) in PICKLING_CALLS]
    allowed = [node for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg == "allow_pickle"]
    return [*named, *(node for node in allowed if ast.unparse(node.value) != "False")]


def peeks(sources: list[Source]) -> list[str]:
    """Places where a decider can name the test objectives, or where the store hands them on under another name."""
    watched = [source for source in sources if source.unit in (*DECIDERS, *TRAINERS)]
    named = [f"{source.at(node)}: names the {TEST_OBJECTIVES}" for source in watched for node in _namings(source)]
    return named + [f"{where}: hands the {TEST_OBJECTIVES} on" for where in _handed_on(sources)]


def _namings(source: Source) -> list[ast.AST]:
    nodes = set(ast.walk(source.tree)) - docstrings_of(source.tree)
    naming = [node for node in nodes if any(TEST_OBJECTIVES in text for text in _texts(node))]
    return [node for node in naming if source.unit in DECIDERS or _means_the_file(node)]


def _means_the_file(node: ast.AST) -> bool:
    """Whether a naming is an import, a string or an access through the store, not just a local name."""
    through_store = isinstance(node, ast.Attribute) and ast.unparse(node.value).endswith("store")
    return through_store or isinstance(node, ast.ImportFrom | ast.alias | ast.Constant)


def _texts(node: ast.AST) -> list[str]:
    """The names and strings that a single node carries itself, its children left out."""
    return [str(value) for _, value in ast.iter_fields(node) if isinstance(value, str)]


def _handed_on(sources: list[Source]) -> list[str]:
    faces = [source for source in sources if source.module == "valpnas.store"]
    names = names_of(sources)
    found = [found for source in faces for found in imports_of(source, names)]
    return [each.where for each in found if each.target.endswith(f".{TEST_OBJECTIVES}")]


def test_nothing_pickles(sources: list[Source]) -> None:
    assert pickles(sources) == []


@pytest.mark.parametrize(
    "text",
    [
        "import pickle",
        "from cloudpickle import dumps",
        "torch.load(path)",
        "np.load(path, allow_pickle=True)",
        "f = torch.save",
    ],
)
def test_a_pickle_is_found(plant_sources: PlantSources, text: str) -> None:
    assert len(pickles(plant_sources({"valpnas/store/bad.py": text}))) == 1
    assert pickles(plant_sources({"valpnas/store/bad.py": "np.load(path, allow_pickle=False)"})) == []


def test_no_decider_sees_the_test_objectives(sources: list[Source]) -> None:
    assert peeks(sources) == []


@pytest.mark.parametrize(
    "text",
    [
        "from valpnas.store.test_objectives import read",
        "from valpnas.store import test_objectives",
        "import valpnas.store.test_objectives as objectives",
        "from valpnas import store\nstore.test_objectives.read()",
        "path = folder / 'test_objectives.jsonl'",
        "path = f'{folder}/test_objectives.jsonl'",
        "from valpnas.store import read_test_objectives",
    ],
)
@pytest.mark.parametrize("folder", ["valpnas/search/choosers", "valpnas/training", "operators/macro", "diagnostics"])
def test_a_peek_is_found(plant_sources: PlantSources, folder: str, text: str) -> None:
    assert len(peeks(plant_sources({f"{folder}/bad.py": text}))) == 1


def test_the_store_does_not_hand_the_test_objectives_on(plant_sources: PlantSources) -> None:
    files = {"valpnas/store/__init__.py": "from .test_objectives import read", "valpnas/store/test_objectives.py": ""}
    assert len(peeks(plant_sources(files))) == 1
    assert (
        peeks(
            plant_sources(
                {"valpnas/run.py": "import valpnas.store.test_objectives", **files, "valpnas/store/__init__.py": ""}
            )
        )
        == []
    )


def test_training_may_measure_on_test_data(plant_sources: PlantSources) -> None:
    text = '"""Measures test_objectives too."""\ndef measure() -> None:\n    test_objectives = 1\n'
    assert peeks(plant_sources({"valpnas/training/good.py": text})) == []
    assert len(peeks(plant_sources({"valpnas/search/bad.py": text}))) == 1

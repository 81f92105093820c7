"""Preparing data: what lands on the device, and the fingerprint by which a resumed run knows its data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from valpnas.contracts.problem import PARTS, Part, Parts, Reader
from valpnas.errors import DataError
from valpnas.training.data import fingerprint, prepare

from .toy_data import on_cpu, toy_prepared, toy_problem


def parts() -> Parts:
    return toy_problem().load(Reader())


def test_every_part_is_there_in_the_types_that_losses_want() -> None:
    prepared = toy_prepared(rows=160)
    assert {name: len(part) for name, part in prepared.parts.items()} == dict(zip(PARTS, (80, 32, 24, 24), strict=True))
    for part in prepared.parts.values():
        assert part.targets["kind"].dtype == torch.int64
        others = [*part.inputs.values(), *(t for name, t in part.targets.items() if name != "kind")]
        assert {value.dtype for value in others} == {torch.float32}


def test_malformed_data_are_refused_before_any_training() -> None:
    good = parts()
    bad = Part(good.test.inputs, {**good.test.targets, "number": np.full_like(good.test.targets["number"], np.nan)})
    problem = replace(toy_problem(), load=lambda _: replace(good, test=bad))
    with pytest.raises(DataError, match="number"):
        prepare(problem, Reader(), torch.device("cpu"))


def test_equal_data_have_an_equal_fingerprint() -> None:
    assert fingerprint(parts()) == fingerprint(parts()) == on_cpu(toy_problem()).fingerprint


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("what", ["inputs", "targets"])
def test_any_altered_number_changes_the_fingerprint(part: str, what: str) -> None:
    altered = parts()
    name, value = sorted(getattr(getattr(altered, part), what).items())[-1]
    value[-1, ...].flat[-1] += 1e-3
    assert fingerprint(altered) != fingerprint(parts()), name


def test_swapped_parts_and_other_types_change_the_fingerprint() -> None:
    good = parts()
    swapped = replace(good, test=good.validation, validation=good.test)
    wider = {**good.test.inputs, "table": good.test.inputs["table"].astype(np.float64)}
    others = [swapped, replace(good, test=Part(wider, good.test.targets))]
    assert len({fingerprint(each) for each in (good, *others)}) == 3

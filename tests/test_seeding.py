"""Random streams: equal for equal names, unrelated for others, whatever was drawn before."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
import torch

from valpnas.seeding import stream, torch_stream


def test_a_stream_is_a_function_of_its_name() -> None:
    first = stream(7, 3, "weights").random(5)
    stream(7, 3, "order").random(100)
    assert np.array_equal(stream(7, 3, "weights").random(5), first)


def test_streams_differ_where_any_part_of_the_name_does() -> None:
    names: list[tuple[int, tuple[str | int, ...]]] = [
        (0, ()),
        (0, ("a",)),
        (1, ("a",)),
        (0, ("b",)),
        (0, ("a", "b")),
        (0, ("b", "a")),
        (0, ("ab",)),
        (0, ("a/b",)),
        (0, (1,)),
        (0, ("1",)),
        (0, (1, 2)),
        (0, (12,)),
        (0, (2**40,)),
        (2**40, ("a",)),
    ]
    drawn = {name: tuple(stream(name[0], *name[1]).integers(2**62, size=2)) for name in names}
    assert len(set(drawn.values())) == len(names)


def test_streams_are_uncorrelated() -> None:
    drawn = [stream(0, candidate, "weights").standard_normal(4000) for candidate in range(8)]
    for one, other in combinations(drawn, 2):
        assert abs(float(np.corrcoef(one, other)[0, 1])) < 0.08  # five standard deviations


def test_the_numbers_are_these_on_every_machine() -> None:
    """A resumed run on another machine or release must draw the same: these may never change by accident."""
    assert stream(0, 1, "weights").integers(1000, size=4).tolist() == [74, 908, 251, 618]


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(ValueError, match="non-negative"):
        stream(-1, "weights")


def test_torch_streams_follow_the_numpy_stream() -> None:
    def draw(seed: int, times: int = 1) -> list[float]:
        rng = stream(seed, "noise")
        made = [torch_stream(rng) for _ in range(times)]
        return [float(x) for x in torch.rand(3, generator=made[-1])]

    assert draw(1) == draw(1)
    assert draw(1) != draw(2)
    assert draw(1) != draw(1, times=2)


def test_torch_streams_leave_the_global_state_alone() -> None:
    before = torch.get_rng_state()
    torch.rand(3, generator=torch_stream(stream(0, "noise")))
    assert torch.equal(torch.get_rng_state(), before)


def test_names_that_print_alike_are_different_streams() -> None:
    """A name's parts are kept apart, and a numpy integer names the same stream as Python's."""
    assert stream(0, "a/b").integers(2**60) != stream(0, "a", "b").integers(2**60)
    assert stream(0, "1").integers(2**60) != stream(0, 1).integers(2**60)
    assert stream(0, np.int64(3)).integers(2**60) == stream(0, 3).integers(2**60)  # type: ignore[arg-type] # as drawn

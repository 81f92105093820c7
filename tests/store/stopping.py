"""stopped: a search of this process that stops, as a machine that goes down, before a candidate is recorded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from valpnas.contracts.executor import Answers
from valpnas.execution.serial import Serial


class StoppedError(Exception):
    """The machine went down."""


@contextmanager
def stopped(last: int) -> Iterator[None]:
    """Expect that what is begun inside stops before what came of the candidate ``last`` is recorded."""

    class Tired(Serial):
        def results(self) -> Iterator[Answers]:
            for answers in super().results():
                if last in [answer.result.candidate for answer in answers]:
                    raise StoppedError
                yield answers

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("valpnas.execution.serial.Serial", Tired)
        with pytest.raises(StoppedError):
            yield

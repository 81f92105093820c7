"""Errors: one family, and messages that offer a way on."""

from __future__ import annotations

import pytest

from valpnas import errors
from valpnas.errors import (
    ConfigError,
    DataError,
    InvalidValpError,
    TrainingFailedError,
    UnknownNameError,
    ValpnasError,
    nearest,
)


def test_every_error_is_one_of_ours() -> None:
    found = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, Exception)]
    assert len(found) >= 8
    assert all(issubclass(each, ValpnasError) for each in found)
    assert all(each.__doc__ for each in found)


def test_an_invalid_graph_names_its_rule() -> None:
    error = InvalidValpError("acyclic", "expected no cycle, got n1 -> n1")
    assert error.rule == "acyclic"
    assert str(error) == "invalid VALP (acyclic): expected no cycle, got n1 -> n1"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("digit", "unknown problem 'digit': did you mean digits?"),
        ("stutend", "unknown problem 'stutend': did you mean student?"),
        ("DIGITS", "unknown problem 'DIGITS': did you mean digits?"),
        ("zzz", "unknown problem 'zzz': known: digits, mnist, student"),
    ],
)
def test_an_unknown_name_offers_the_nearest(name: str, message: str) -> None:
    assert str(UnknownNameError("problem", name, ["student", "digits", "mnist"])) == message


def test_a_part_of_a_name_offers_the_name() -> None:
    known = ["donate_exclusive_subgraph", "add_layer", "delete_network"]
    assert nearest("donate", known) == "did you mean donate_exclusive_subgraph?"
    assert nearest("NETWORK", known) == "did you mean delete_network?"
    assert nearest("te", known) == "known: add_layer, delete_network, donate_exclusive_subgraph"


def test_several_near_names_are_all_offered() -> None:
    message = str(UnknownNameError("operator", "add_layer", ["add_layer/gentle", "add_layer/aggressive", "zoom"]))
    assert message.startswith("unknown operator 'add_layer': did you mean add_layer/")
    assert " or add_layer/" in message
    assert "zoom" not in message


def test_a_failed_training_keeps_its_reason() -> None:
    error = TrainingFailedError("diverged at batch 12")
    assert error.reason == str(error) == "diverged at batch 12"


@pytest.mark.parametrize("kind", [ConfigError, DataError])
def test_plain_errors_say_just_their_message(kind: type[ValpnasError]) -> None:
    assert str(kind("expected a, got b; do c")) == "expected a, got b; do c"

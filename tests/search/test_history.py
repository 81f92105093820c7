"""The history: a sequence in the order of telling, of which little is copied when it grows."""

from __future__ import annotations

from valpnas.contracts.past import Past
from valpnas.search.history import History


def test_it_is_a_sequence_in_order_and_copies_little() -> None:
    history, copied, every = History(), 0, [Past(number) for number in range(1000)]
    for number, past in enumerate(every):
        before = {id(part) for part in history.parts}
        history = history.with_(past)
        copied += sum(len(part) for part in history.parts if id(part) not in before)
        assert len(history) == number + 1
    assert list(history) == every
    assert list(reversed(history)) == every[::-1]
    assert history[-1] is every[-1]
    assert history[2:4] == (every[2], every[3])
    assert copied < 1000 * 12, "a copy of all of it each time would be half a million"

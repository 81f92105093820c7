"""Pool: children that share orders, each with one at a time; one that is lost or too slow is replaced."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import wait
from typing import Any, Generic, TypeVar

from valpnas.errors import ExecutionError
from valpnas.execution.child import Child, Make

Key = TypeVar("Key")

_FALSE_STARTS = 3  # children in a row that may be lost before they could begin


@dataclass(frozen=True)
class Order(Generic[Key]):
    """What one child is to do, and within how many seconds; ``key`` comes back with its answer."""

    key: Key
    content: Any
    seconds: float = float("inf")


@dataclass(frozen=True)
class Done(Generic[Key]):
    """What came of an order: an answer, or how the child that had it was lost."""

    key: Key
    answer: Any = None
    lost: str = ""


@dataclass
class _Hand(Generic[Key]):
    """A child, and the order it is at; it takes none before it is ``ready``."""

    child: Child
    place: int
    ready: bool = False
    order: Order[Key] | None = None
    deadline: float = float("inf")


class Pool(Generic[Key]):
    """As many children as there are ``makes``, started when there is something to do."""

    def __init__(self, makes: Sequence[Make]) -> None:
        """Start nothing yet; each child calls its own of ``makes``, and one that replaces a lost one the lost one's."""
        self._makes, self.count = makes, len(makes)
        self._waiting: deque[Order[Key]] = deque()
        self._hands: list[_Hand[Key]] = []
        self._false_starts = 0

    @property
    def pids(self) -> list[int]:
        """The process ids of the children."""
        return [hand.child.process.pid for hand in self._hands]

    def submit(self, order: Order[Key]) -> None:
        """Take an order; it begins as soon as a child is free."""
        self._waiting.append(order)
        self._fill()

    def results(self) -> Iterator[Done[Key]]:
        """Yield what comes of the orders until none is out.

        Raises:
            ExecutionError: a child could not begin to work.
        """
        while self._waiting or any(hand.order for hand in self._hands):
            self._fill()
            soonest = min(hand.deadline for hand in self._hands)
            patience = None if soonest == float("inf") else max(0.0, soonest - time.monotonic())
            heard = wait([hand.child.connection for hand in self._hands], patience)
            for hand in [hand for hand in self._hands if hand.child.connection in heard]:
                if hand in self._hands:  # and was not replaced in the meantime
                    yield from self._hear(hand)
            for hand in [hand for hand in self._hands if hand.deadline <= time.monotonic()]:
                yield from self._give_up(hand)

    def cancel(self) -> None:
        """Forget the orders that wait, and end the children that are at one."""
        self._waiting.clear()
        for hand in [hand for hand in self._hands if hand.order]:
            self._drop(hand)

    def close(self) -> None:
        """End every child, whatever it is at."""
        self._waiting.clear()
        for hand in list(self._hands):
            self._drop(hand)

    def _fill(self) -> None:
        """Start children while there are too few for what waits, and give the free ones something to do."""
        for hand in [hand for hand in self._hands if hand.ready and hand.order is None]:
            if hand.child.connection.poll():  # it has nothing to say: it is gone
                self._drop(hand)
        free = [hand for hand in self._hands if hand.order is None]
        unused = sorted({*range(self.count)} - {hand.place for hand in self._hands})
        for place in unused[: max(0, len(self._waiting) - len(free))]:
            self._hands.append(_Hand(Child(self._makes[place]), place))
        for hand in free:
            if hand.ready and self._waiting:
                hand.order = self._waiting.popleft()
                hand.deadline = time.monotonic() + hand.order.seconds
                hand.child.send(hand.order.content)

    def _hear(self, hand: _Hand[Key]) -> Iterator[Done[Key]]:
        """Take an answer, give the child the next order, then pass the answer on."""
        try:
            said = hand.child.receive()
        except EOFError:
            yield from self._lose(hand)
            return
        order, hand.order, hand.deadline = hand.order, None, float("inf")
        if order is None:
            if said is not None:
                raise ExecutionError(f"a worker process could not begin: {said}")
            hand.ready, self._false_starts = True, 0
        self._fill()
        if order is not None:
            yield Done(order.key, said)

    def _lose(self, hand: _Hand[Key]) -> Iterator[Done[Key]]:
        order = hand.order
        how = hand.child.how_it_ended()
        self._drop(hand)
        self._false_starts += not hand.ready
        if self._false_starts >= _FALSE_STARTS:
            raise ExecutionError(
                f"{_FALSE_STARTS} worker processes could not begin, the last: {how}; see above for why"
            )
        self._fill()
        if order is not None:  # one that was lost while idle is replaced, and nobody misses anything
            yield Done(order.key, lost=f"lost with its worker: {how}")

    def _give_up(self, hand: _Hand[Key]) -> Iterator[Done[Key]]:
        order = hand.order
        self._drop(hand)
        self._fill()
        if order is not None:
            yield Done(order.key, lost=f"timed out: no answer within {order.seconds:g} s, and its worker was ended")

    def _drop(self, hand: _Hand[Key]) -> None:
        self._hands.remove(hand)
        hand.child.end(at_once=True)

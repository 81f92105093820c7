"""Ray: workers anywhere in a cluster; each gets the problem's data once, from the cluster's object store."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

from valpnas.contracts.executor import Answers, Executor, Group, Work
from valpnas.errors import ExecutionError, first_line
from valpnas.execution.groups import failed, records_of, seconds_for
from valpnas.execution.parcels import pack_jobs, unpack_answers
from valpnas.execution.ray_connection import connect, import_ray, shares
from valpnas.execution.ray_worker import RayWorker

_TRIES = 3  # workers that a group may cost before it has failed
_FALSE_STARTS = 3  # actors in a row that may be lost before they could begin
_FOREVER = float("inf")


@dataclass
class _Hand:
    """An actor, and what it is at: nothing, or a group; it takes none before its ``ready`` has come."""

    actor: Any
    waited_for: Any  # the reference of what it is to say next
    awake: Any = None  # the reference of what it says when it begins its group
    ready: bool = False
    group: Group | None = None
    deadline: float = _FOREVER


class RayCluster(Executor):
    """Runs groups in ``count`` Ray actors; one whose actor or node is lost is given to another, three times at most.

    Without an address a cluster of this machine is started, and ended on closing. ``gpus`` says that jobs need one: the
    GPUs of the cluster are divided among the actors. No ``workers`` means one per core, or GPU, of the cluster.
    """

    name: ClassVar[str] = "ray"

    def __init__(self, work: Work, workers: int, address: str = "", gpus: bool = False, grace: float = 60.0) -> None:
        """Connect, unless that was done, and put what does the work into the object store.

        Raises:
            ConfigError: Ray is not installed.
            ExecutionError: there is no cluster at ``address``, or it has no GPU.
        """
        self._ray, self._grace = import_ray(), grace
        self._connection = ExitStack()
        self._connection.enter_context(self.reached(workers, address))
        self._count, share = shares(self._ray.cluster_resources(), workers, gpus)
        self._work = self._ray.put(work)
        self._actor = self._ray.remote(RayWorker).options(num_cpus=1, num_gpus=share)
        self._waiting: deque[Group] = deque()
        self._tries: dict[int, int] = {}
        self._hands: list[_Hand] = []
        self._false_starts = 0

    @classmethod
    @contextmanager
    def reached(cls, workers: int, address: str) -> Iterator[None]:
        """Connect to the cluster, unless this process is connected; raises ``ExecutionError`` if that cannot be."""
        ray = import_ray()
        if ray.is_initialized():
            yield
            return
        connect(ray, address, workers or len(os.sched_getaffinity(0)))
        try:
            yield
        finally:
            ray.shutdown()

    @property
    def room(self) -> int:
        """One group per actor."""
        return self._count

    def submit(self, group: Group) -> None:
        """Give the group to a free actor, or queue it."""
        self._waiting.append(group)
        self._fill()

    def results(self) -> Iterator[Answers]:
        """Yield answers as they come."""
        while self._waiting or any(hand.group for hand in self._hands):
            self._fill()
            soonest = min(hand.deadline for hand in self._hands)
            patience = None if soonest == _FOREVER else max(0.0, soonest - time.monotonic())
            expected = {hand.waited_for: hand for hand in self._hands if hand.group or not hand.ready}
            heard, _ = self._ray.wait(list(expected), num_returns=1, timeout=patience)
            for reference in heard:
                yield from self._hear(expected[reference])
            for hand in [hand for hand in self._hands if hand.deadline <= time.monotonic()]:
                yield from self._give_up(hand)

    def cancel(self) -> None:
        """Forget what waits, and end the actors that are at a group."""
        self._waiting.clear()
        for hand in [hand for hand in self._hands if hand.group]:
            self._drop(hand)

    def close(self) -> None:
        """End the actors, and leave the cluster; one that was started here ends."""
        for hand in list(self._hands):
            self._drop(hand)
        self._connection.close()

    def _fill(self) -> None:
        """Start actors while there are too few for what waits, and give the free ones something to do."""
        free = [hand for hand in self._hands if hand.group is None]
        for _ in range(min(self._count - len(self._hands), len(self._waiting) - len(free))):
            actor = self._actor.remote(self._work)
            self._hands.append(_Hand(actor, actor.ready.remote()))
        for hand in free:
            if hand.ready and self._waiting:
                self._give(hand, self._waiting.popleft())

    def _give(self, hand: _Hand, group: Group) -> None:
        hand.group, hand.deadline = group, time.monotonic() + seconds_for(records_of(group), self._grace)
        self._tries[_name(group)] = self._tries.get(_name(group), 0) + 1
        hand.awake, hand.waited_for = hand.actor.ready.remote(), hand.actor.do.remote(pack_jobs(group))

    def _hear(self, hand: _Hand) -> Iterator[Answers]:
        try:
            said = self._ray.get(hand.waited_for)
        except self._ray.exceptions.RayTaskError as error:
            raise ExecutionError(f"a Ray worker could not do its work: {first_line(error)}") from error
        except self._ray.exceptions.RayError as error:  # the actor or its node is gone
            yield from self._lose(hand, first_line(error))
            return
        group, hand.group, hand.deadline, hand.ready = hand.group, None, _FOREVER, True
        self._fill()
        if group is not None:
            del self._tries[_name(group)]
            yield unpack_answers(said)

    def _lose(self, hand: _Hand, why: str) -> Iterator[Answers]:
        group = hand.group
        self._drop(hand)
        self._false_starts = 0 if hand.ready else self._false_starts + 1
        if self._false_starts >= _FALSE_STARTS:
            raise ExecutionError(f"{_FALSE_STARTS} Ray workers could not begin, the last: {why}")
        if group is None:
            return
        if not self._said(hand.awake):  # it was gone before: the group is not to blame
            self._tries[_name(group)] -= 1
        if self._tries[_name(group)] < _TRIES:
            self._waiting.appendleft(group)
        else:
            yield failed(records_of(group), f"lost with its worker {_TRIES} times: {why}")

    def _said(self, reference: Any) -> bool:
        """Whether the actor has answered this."""
        try:
            self._ray.get(reference, timeout=0)
        except self._ray.exceptions.RayError:  # a time-out is one, too
            return False
        return True

    def _give_up(self, hand: _Hand) -> Iterator[Answers]:
        group = hand.group
        self._drop(hand)
        if group is not None:
            seconds = seconds_for(records_of(group), self._grace)
            yield failed(records_of(group), f"timed out: no answer within {seconds:g} s, and its worker was ended")

    def _drop(self, hand: _Hand) -> None:
        self._hands.remove(hand)
        self._ray.kill(hand.actor)


def _name(group: Group) -> int:
    return group[0].record.candidate

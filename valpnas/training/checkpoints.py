"""Checkpoints: after how many batches a job in training is scored, so that the best of these states can count."""

from __future__ import annotations

from valpnas.contracts.job import Job
from valpnas.contracts.protocol import Protocol
from valpnas.training.engine import batches_per_epoch


def checkpoints_of(job: Job, rows: int) -> list[int]:
    """Return the checkpoints of a job that is trained on so many rows."""
    return checkpoints(job.record.protocol, batches_per_epoch(rows, job.model.valp.batch_size))


def checkpoints(protocol: Protocol, epoch: int) -> list[int]:
    """Return the batches done at each checkpoint, rising, the last after all of them; none where the last state counts.

    ``epoch`` is the batches of one. ``best-epoch`` has a checkpoint after every epoch, ``best-checkpoint`` one at the
    end, at half the batches, a quarter and so on, down to an epoch: memorising sets in after some number of epochs
    whose order of magnitude alone can be guessed, and a job that is shorter than two epochs has nothing to choose from.
    """
    total = protocol.batches
    if protocol.select == "best-epoch":
        return [min(end, total) for end in range(epoch, total + epoch, epoch)]
    if protocol.select == "last" or total < 2 * epoch:
        return []
    ends = [total]
    while ends[0] // 2 >= epoch:
        ends.insert(0, ends[0] // 2)
    return ends

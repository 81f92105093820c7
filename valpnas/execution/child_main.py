"""The program of a child: performs the orders that come in, and ends at once when they end, whatever it is at."""

from __future__ import annotations

import os
import signal
import sys
from multiprocessing.connection import Connection
from queue import SimpleQueue
from threading import Thread
from typing import Any

from valpnas.errors import ValpnasError


def main() -> None:
    """Work through the orders; never returns."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interruption is the parent's to handle: it closes our orders
    connection: Connection[Any, Any] = Connection(int(sys.argv[1]))
    orders: SimpleQueue[Any] = SimpleQueue()
    Thread(target=_listen, args=(connection, orders), daemon=True).start()
    try:
        perform = orders.get()()
    except ValpnasError as error:  # for a person to mend; anything else ends the child with a trace
        connection.send(str(error))
        return
    connection.send(None)
    while True:
        connection.send(perform(orders.get()))


def _listen(connection: Connection[Any, Any], orders: SimpleQueue[Any]) -> None:
    """Take orders; without a parent there are none, and what is done for it would be lost."""
    while True:
        try:
            orders.put(connection.recv())
        except (EOFError, OSError):
            os._exit(0)


if __name__ == "__main__":
    main()

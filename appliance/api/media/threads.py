"""Threads for what blocks on the disk or on a codec: a few, with a bounded queue."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from appliance.core.errors import ProblemError

Result = TypeVar("Result")


class Threads:
    """At most `size` calls at work, and `most_waiting` behind them."""

    def __init__(self, name: str, size: int, most_waiting: int) -> None:
        self._pool = ThreadPoolExecutor(size, thread_name_prefix=name)
        self._most = size + most_waiting
        self._calls = 0
        self._lock = threading.Lock()

    async def run(self, call: Callable[[], Result]) -> Result:
        """Call it in a thread; raises what it raises, and ProblemError "busy"."""
        if self._calls >= self._most:
            raise ProblemError(
                "busy",
                "The recorder is busy with other requests of this kind",
                remedy="Try again in a few seconds.",
                status=503,
            )
        future = self._pool.submit(call)
        with self._lock:
            self._calls += 1
        future.add_done_callback(self._done)
        return await asyncio.wrap_future(future)

    def _done(self, _: "Future[Result]") -> None:
        with self._lock:
            self._calls -= 1

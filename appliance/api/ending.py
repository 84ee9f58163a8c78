"""The unit ends itself, and whoever keeps it running starts it again: what is staged is put in place at a start."""

import asyncio

AFTER_ANSWER_S = 0.5  # so that whoever asked hears that it will


class Ending:
    """Wanted once, by a handler; the unit waits for it."""

    def __init__(self, after_s: float = AFTER_ANSWER_S) -> None:
        self._after_s = after_s
        self._wanted = asyncio.Event()

    def soon(self) -> None:
        """End the unit when what is being answered has been sent."""
        asyncio.get_running_loop().call_later(self._after_s, self._wanted.set)

    async def wait(self) -> None:
        """Until somebody wants it."""
        await self._wanted.wait()

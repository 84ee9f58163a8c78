"""A network change that is taken back unless somebody says, in time and over the new network, that it works."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from appliance.core.clock import US_PER_S, Clock
from appliance.core.errors import ProblemError
from appliance.host.disk import CommandError
from appliance.host.network_settings import NetworkSettings

log = logging.getLogger(__name__)

CONFIRM_WITHIN_S = 90
APPLY_AFTER_S = 2.0  # whoever asked over the network that goes away has the answer by then


class NetworkTrial:
    """Settings in force, and those to return to. What is kept changes only with a confirmation: a restart returns too.

    read, keep: what lasts. apply: put in force (blocks; raises OSError, CommandError).
    """

    def __init__(
        self,
        read: Callable[[], NetworkSettings],
        keep: Callable[[NetworkSettings], None],
        apply: Callable[[NetworkSettings], None],
        clock: Clock,
        confirm_within_s: float = CONFIRM_WITHIN_S,
        apply_after_s: float = APPLY_AFTER_S,
    ) -> None:
        self._read = read
        self._keep = keep
        self._apply = apply
        self._clock = clock
        self._confirm_within_s = confirm_within_s
        self._apply_after_s = apply_after_s
        self._tried: NetworkSettings | None = None
        self._in_force = True
        self._until_us = 0
        self._changed = asyncio.Event()
        self._lock = asyncio.Lock()

    def settings(self) -> NetworkSettings:
        """What is in force."""
        return self._tried or self._read()

    def seconds_left(self) -> int | None:
        """Until those of before return; None where nothing is to be confirmed."""
        if self._tried is None:
            return None
        return max(0, -((self._clock.monotonic_us() - self._until_us) // US_PER_S))

    async def change(self, wanted: NetworkSettings, *, trusted: bool) -> int | None:
        """Put settings in force; returns how many seconds there are to confirm them.

        trusted: whoever asks cannot be cut off by it, so that they are in force and kept at once. Others are answered
        first: `watch` puts them in force. Raises ProblemError; those of before are in force then.
        """
        async with self._lock:
            if not trusted and not wanted.reached_as(self.settings()):
                self._tried, self._in_force = wanted, False
                self._until_us = self._clock.monotonic_us() + int(self._confirm_within_s * US_PER_S)
            else:
                await self._put(wanted)
                await self._kept(wanted)
                self._tried, self._in_force = None, True
            self._changed.set()
        return self.seconds_left()

    async def confirm(self) -> None:
        """Keep what is tried; raises ProblemError where nothing is, or it cannot be kept."""
        async with self._lock:
            if self._tried is None:
                raise ProblemError(
                    "nothing-to-confirm",
                    "No network change waits for a confirmation",
                    remedy="Look at the network settings: those of before may have returned. Make the change again.",
                    status=409,
                )
            if not self._in_force:
                await self._put(self._tried)
            await self._kept(self._tried)
            self._tried, self._in_force = None, True
            self._changed.set()

    async def watch(self) -> None:
        """Put in force what is to be tried, and return to the settings of before when the time is over.

        Until cancelled.
        """
        while True:
            await self._until_due()
            async with self._lock:
                if self._tried is not None and not self._in_force:
                    await self._try(self._tried)
                elif self._tried is not None and not self.seconds_left():
                    log.warning("the network change was not confirmed: the settings of before return")
                    self._tried = None
                    await self._returned()

    async def _until_due(self) -> None:
        if self._in_force:
            with suppress(TimeoutError):
                async with asyncio.timeout(self.seconds_left()):
                    await self._changed.wait()
            self._changed.clear()
        if not self._in_force:
            await asyncio.sleep(self._apply_after_s)

    async def _try(self, wanted: NetworkSettings) -> None:
        self._in_force = True
        try:
            await self._put(wanted)
        except ProblemError as problem:
            log.error("%s", problem.title)
            self._tried = None

    async def _put(self, wanted: NetworkSettings) -> None:
        try:
            await asyncio.to_thread(self._apply, wanted)
        except (OSError, CommandError) as error:
            await self._returned()
            raise ProblemError(
                "network-not-changed",
                f"The network cannot be changed: {error}",
                remedy="The settings of before are in force. Try again; if it stays so, restart the machine.",
                status=503,
            ) from None

    async def _kept(self, wanted: NetworkSettings) -> None:
        try:
            await asyncio.to_thread(self._keep, wanted)
        except OSError as error:
            self._tried, self._in_force = None, True
            await self._returned()
            raise ProblemError(
                "network-not-kept",
                f"The network settings cannot be written: {error.strerror}",
                remedy="The settings of before are in force. Free some space on the data partition and try again.",
                status=507,
            ) from None

    async def _returned(self) -> None:
        try:
            await asyncio.to_thread(self._apply, self._read())
        except (OSError, CommandError) as error:
            log.error("the network settings of before cannot be put in force: %s", error)

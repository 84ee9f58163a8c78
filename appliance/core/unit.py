"""How every unit runs: its context, sd_notify and watchdog, and its end on SIGTERM."""

import asyncio
import logging
import os
import signal
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from appliance.core.bus import Bus
from appliance.core.clock import Clock, SystemClock
from appliance.core.errors import ProblemError
from appliance.core.log import start_logging
from appliance.core.paths import Paths

log = logging.getLogger(__name__)


class Notifier:
    """sd_notify(3): one datagram to NOTIFY_SOCKET; nothing where there is none."""

    def __init__(self, address: str | None) -> None:
        self._address = "\0" + address[1:] if address and address[0] == "@" else address

    def send(self, state: str) -> None:
        """Send one assignment, such as "READY=1"."""
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            try:
                sock.connect(self._address)
                sock.send(state.encode())
            except OSError as error:
                log.warning("the service manager could not be told %s: %s", state.split("=")[0], error)

    def ready(self) -> None:
        """The unit does its work from now on."""
        self.send("READY=1")

    def status(self, text: str) -> None:
        """One line for `systemctl status`."""
        self.send(f"STATUS={text}")


@dataclass(frozen=True, slots=True)
class UnitContext:
    """What a unit is given. name is its bus identity ("ingest-0"); instance is its number, 0 for single units."""

    name: str
    instance: int
    paths: Paths
    clock: Clock
    bus: Bus
    notifier: Notifier


Main = Callable[[UnitContext], Awaitable[None]]


def make_context(name: str, instance: int) -> UnitContext:
    """The context from the environment."""
    clock, paths = SystemClock(), Paths.from_environment()
    bus = Bus(name, paths.bus_socket, paths.bus_credential(name), clock)
    return UnitContext(name, instance, paths, clock, bus, Notifier(os.environ.get("NOTIFY_SOCKET")))


async def run_unit(context: UnitContext, main: Main) -> None:
    """Run main with its watchdog until it ends or SIGTERM or SIGINT comes.

    Any other end is logged, a problem by its cause and remedy, and the process exits with status 1.
    """
    start_logging(context.name, context.clock)
    loop = asyncio.get_running_loop()
    work = asyncio.ensure_future(_with_watchdog(context, main))
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, work.cancel)
    try:
        await work
    except asyncio.CancelledError:
        log.info("stopped")
    except Exception as error:
        _log_end(error)
        raise SystemExit(1) from None


def _log_end(error: Exception) -> None:
    if isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
        _log_end(error.exceptions[0])
    elif isinstance(error, ProblemError):
        log.error("%s. %s", error.title, error.remedy)
    else:
        log.error("the unit fails", exc_info=error)


async def _with_watchdog(context: UnitContext, main: Main) -> None:
    async with asyncio.TaskGroup() as group:
        watchdog = group.create_task(_watchdog(context.notifier), name="watchdog")
        await main(context)
        watchdog.cancel()


async def _watchdog(notifier: Notifier) -> None:
    """Tell the service manager twice per WATCHDOG_USEC that the event loop turns."""
    period_us = int(os.environ.get("WATCHDOG_USEC", "0"))
    while period_us:
        notifier.send("WATCHDOG=1")
        await asyncio.sleep(period_us / 2_000_000)

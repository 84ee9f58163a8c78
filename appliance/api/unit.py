"""Unit api: wires configuration, access, bus and routes to the HTTPS server, and says where it is."""

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import apsw
import msgspec

from appliance.api.backups import answer_backup_requests
from appliance.api.camera_book import CameraBook, CameraId
from appliance.api.camera_states import CameraStates
from appliance.api.changes import Changes
from appliance.api.connection import HttpsServer
from appliance.api.demo import apply_site
from appliance.api.ending import Ending
from appliance.api.library import Library
from appliance.api.page import Page
from appliance.api.server import build_app
from appliance.api.services import Services
from appliance.api.table import all_routes
from appliance.api.tls import keep_renewed, server_context
from appliance.api.unit_health import UnitHealth
from appliance.api.update_book import TABLE as UPDATES
from appliance.api.update_book import SourceRecord, UpdateBook
from appliance.backup.checking import Models
from appliance.backup.restore import Outcome, Restoration
from appliance.cameras.model import Camera
from appliance.core.config import ConfigStore
from appliance.core.durable import write_durably
from appliance.core.errors import ProblemError
from appliance.core.settings import ingest_shards
from appliance.core.unit import UnitContext
from appliance.security.access import Access
from appliance.security.audit import AuditLog
from appliance.security.passwords import Passwords

log = logging.getLogger(__name__)

PORT_VARIABLE = "GATEHOUSE_PORT"
DEFAULT_PORT = 8443
MAIN_VOLUME = "main"
MODELS = Models({"cameras": Camera, "camera-ids": CameraId, UPDATES: SourceRecord})
RESET = "reset users"
EXPIRE_EVERY_S = 60.0
MAINTAIN_EVERY_S = 86_400.0
RESTORING_MAY_TAKE_US = 600_000_000
SET_UP = "done"  # in the ready line, where a setup code would be


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """run/api/ready.json: what the supervisor prints in the ready line."""

    url: str
    setup_code: str


async def main(context: UnitContext) -> None:
    """Run until cancelled. The bus and the disks may be away: people sign in and look all the same."""
    async with open_services(context) as services:
        tls = await asyncio.to_thread(server_context, context.paths.tls, context.clock)
        server = HttpsServer(build_app(all_routes(services), services, Page()), tls)
        services.updates.tell_source()
        answer_backup_requests(context)
        async with asyncio.TaskGroup() as group:
            group.create_task(context.bus.run(), name="bus")
            group.create_task(services.states.follow(context.bus), name="camera-states")
            group.create_task(services.health.follow(), name="unit-health")
            group.create_task(services.updates.follow(context.bus), name="updates")
            group.create_task(_expire_sessions(services.access), name="sessions")
            group.create_task(_maintain(services), name="maintenance")
            group.create_task(keep_renewed(tls, context.paths.tls, context.clock), name="certificates")
            try:
                await _say_ready(context, services, await _listen(server, context))
                await services.ending.wait()
                os.kill(os.getpid(), signal.SIGTERM)  # as if from outside: that way is always open
                await asyncio.Event().wait()
            finally:
                await server.stop()


@asynccontextmanager
async def open_services(context: UnitContext, passwords: Passwords | None = None) -> AsyncIterator[Services]:
    """Everything handlers take, opened; and closed at the end. The bus is not run."""
    paths, clock, shards = context.paths, context.clock, ingest_shards()
    own = paths.state / "api"
    await asyncio.to_thread(own.mkdir, mode=0o700, parents=True, exist_ok=True)
    library = Library([paths.volumes / MAIN_VOLUME])
    access, audit = Access(own, clock, passwords), AuditLog(own / "audit.db", clock)
    restoration = Restoration(paths, clock, MODELS)
    with ConfigStore(paths.config, clock) as store:
        restored = await _restored(context, restoration)
        cameras, ids = store.table("cameras", Camera), store.table("camera-ids", CameraId)
        book = CameraBook(cameras, ids, library.is_recorded)
        changes = Changes(context, {"cameras": cameras, UPDATES: store.table(UPDATES, SourceRecord)})
        await changes.apply("cameras", lambda: apply_site(book, paths.data))
        health = UnitHealth(context.bus, clock, shards)
        await access.open()
        await audit.open()
        try:
            await _note_restored(audit, restored)
            await _note_reset(access, audit)
            states, updates = CameraStates(clock, shards), UpdateBook(context, changes)
            opened = (changes, book, states, library, health, access, audit, updates, restoration, Ending())
            yield Services(context, shards, *opened)
        finally:
            await access.close()
            await audit.close()


async def _restored(context: UnitContext, restoration: Restoration) -> Outcome | None:
    """Put a backup that waits in place before anything is opened: the configuration's lock keeps others out."""
    if await asyncio.to_thread(restoration.waiting) is not None:
        context.notifier.send(f"EXTEND_TIMEOUT_USEC={RESTORING_MAY_TAKE_US}")
    return await asyncio.to_thread(restoration.apply_staged)


async def _note_restored(audit: AuditLog, restored: Outcome | None) -> None:
    if restored is not None:
        subject = f"{restored.summary.kind} of {restored.summary.made}"
        await _noted(audit, "put backup in place", subject, "done" if restored.problem is None else "not-restored")


async def _note_reset(access: Access, audit: AuditLog) -> None:
    """Where there was an administrator and is none, somebody at the machine has taken the users away."""
    if access.users.has_administrator:
        return
    last = await audit.last_of(("set up", RESET))
    if last is not None and last.action != RESET:
        await _noted(audit, RESET, "at the machine", "done")


async def _noted(audit: AuditLog, action: str, subject: str, outcome: str) -> None:
    """What nobody asked for over the API; a full disk keeps the unit from noting it, not from starting."""
    try:
        await audit.note(actor="-", via="nothing", address="-", action=action, subject=subject, outcome=outcome)
    except apsw.Error as error:
        log.error("the audit log cannot take %r now: %s", action, error)


def listening_port() -> int:
    """GATEHOUSE_PORT; 0 takes any free one; raises ProblemError for what is no port."""
    text = os.environ.get(PORT_VARIABLE) or str(DEFAULT_PORT)
    if text.isascii() and text.isdigit() and int(text) < 65536:
        return int(text)
    raise ProblemError(
        "bad-setting",
        f"{PORT_VARIABLE} is {text[:40]!r}",
        remedy="Set it to a port from 1 to 65535, or to 0 for any free one.",
        field=PORT_VARIABLE,
    )


async def _listen(server: HttpsServer, context: UnitContext) -> int:
    """Any free port is the one of before if that is free: clients find the unit again after a kill."""
    port = listening_port()
    if port == 0:
        with suppress(OSError, msgspec.DecodeError):
            before = msgspec.json.decode((context.paths.run / "api" / "ready.json").read_bytes(), type=Ready)
            return await server.start(urlsplit(before.url).port or 0)
    try:
        return await server.start(port)
    except OSError as error:
        raise _port_closed(port, error) from None


def _port_closed(port: int, error: OSError) -> ProblemError:
    return ProblemError(
        "port-not-available",
        f"Port {port} cannot be opened: {os.strerror(error.errno or 0)}",
        remedy=f"Set {PORT_VARIABLE} to another, or stop what uses it; one below 1024 must be allowed to this unit.",
        status=500,
        field=PORT_VARIABLE,
    )


async def _say_ready(context: UnitContext, services: Services, port: int) -> None:
    set_up = services.access.users.has_administrator
    code = SET_UP if set_up else await asyncio.to_thread(services.access.setup_code.make)
    told = msgspec.json.encode(Ready(url=f"https://localhost:{port}", setup_code=code))
    await asyncio.to_thread(_write_ready, context.paths.run / "api" / "ready.json", told)
    context.notifier.ready()


def _write_ready(file: Path, told: bytes) -> None:
    """For the supervisor's ready line; whom a full disk keeps from reading it may still sign in."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_durably(file, told)
    except OSError as error:
        log.error("%s cannot be written: %s", file.name, error.strerror)


async def _maintain(services: Services) -> None:
    """Beside the nightly backup, which checks copies: what was deleted goes back to the disk."""
    while True:
        await asyncio.sleep(MAINTAIN_EVERY_S)
        await services.access.maintain()
        await services.audit.maintain()


async def _expire_sessions(access: Access) -> None:
    while True:
        await access.sessions.expire()
        await asyncio.sleep(EXPIRE_EVERY_S)

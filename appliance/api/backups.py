"""The routes of backups: make, list, take along, put back."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, Annotated, Any, Literal
from urllib.parse import unquote

import msgspec
from aiohttp import web
from msgspec import Meta

from appliance.api.identity import address_of
from appliance.api.problems import convert
from appliance.api.routing import Call, Permission, Route, changing, reading
from appliance.api.server import json_response
from appliance.api.services import Services
from appliance.backup.archive import check_room
from appliance.backup.model import Kind, Stored
from appliance.backup.restore import Outcome, Staged
from appliance.backup.store import BackupStore, full_is_a_problem
from appliance.core.errors import ProblemError
from appliance.core.unit import UnitContext

PATH = "/api/v1/backups"
PASSWORD_HEADER = "X-Backup-Password"  # noqa: S105 - a header's name
OCTETS = "application/octet-stream"
SILENCE_TIMEOUT_S = 30.0
PIECE_BYTES = 1 << 20
LARGEST_UPLOAD_BYTES = 1024**3
Password = Annotated[str, Meta(max_length=1000)]


class BackupList(msgspec.Struct, frozen=True, kw_only=True):
    """Newest first. waiting: what the next start puts in place; outcome: what became of the last restoration."""

    backups: list[Stored]
    waiting: Staged | None
    outcome: Outcome | None


class NewBackup(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """password: encrypt it with this one; null: do not."""

    password: Password | None = None


class RestoreKept(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """password: the one it was encrypted with, if it was."""

    password: Password | None = None


class BackupRoutes:
    """Handlers over `BackupStore` and `Restoration`. Making and checking take seconds, in a thread."""

    def __init__(self, services: Services) -> None:
        context = services.context
        self._services = services
        self._store = BackupStore(context.paths, context.clock)
        self._folder = context.paths.data / "restore"
        self._receiving = asyncio.Lock()

    async def list(self, call: Call) -> BackupList:
        """Every backup there is."""
        return await asyncio.to_thread(self._listed)

    def _listed(self) -> BackupList:
        restoration = self._services.restoration
        return BackupList(backups=self._store.all(), waiting=restoration.waiting(), outcome=restoration.outcome())

    async def make(self, call: Call) -> Stored:
        """Make one now."""
        body: NewBackup = call.body
        made = await asyncio.shield(asyncio.to_thread(self._store.create, Kind.USER, body.password or None))
        call.subject = made.id
        return made

    async def download(self, call: Call) -> web.StreamResponse:
        """The file as it lies there. Whoever takes it along has every secret in it, so that is noted like a change."""
        file = await asyncio.to_thread(self._store.file_of, call.params["id"])
        await self._services.audit.note(
            actor=call.actor,
            via=call.identity.via.value,
            address=address_of(call.request),
            action="take backup along",
            subject=call.params["id"],
            outcome="done",
        )
        return web.FileResponse(file, headers={"Content-Type": OCTETS, **as_attachment(f"gatehouse-{file.name}")})

    async def delete(self, call: Call) -> None:
        """Forget one."""
        await asyncio.to_thread(self._store.delete, call.params["id"])

    async def restore_upload(self, call: Call) -> web.Response:
        """Check what is sent, and put it in place at the start that follows at once."""
        password = unquote(call.request.headers.get(PASSWORD_HEADER, ""), errors="replace") or None
        call.subject = "an uploaded file"
        async with self._received(call.request) as file:
            return await self._restored(file, password, call)

    async def restore_kept(self, call: Call) -> web.Response:
        """The same with one of the list."""
        body: RestoreKept = call.body
        file = await asyncio.to_thread(self._store.file_of, call.params["id"])
        return await self._restored(file, body.password or None, call)

    async def _restored(self, file: Path, password: str | None, call: Call) -> web.Response:
        staged = await asyncio.shield(asyncio.to_thread(self._staged, file, password))
        call.subject = f"{staged.summary.kind} of {staged.summary.made}"
        self._services.ending.soon()
        return json_response(staged, 202)

    def _staged(self, file: Path, password: str | None) -> Staged:
        with file.open("rb") as source:
            return self._services.restoration.stage(source, password)

    @asynccontextmanager
    async def _received(self, request: web.Request) -> AsyncIterator[Path]:
        """The body as a file, never as a whole in memory; gone afterwards. One at a time."""
        check_upload(request)
        if self._receiving.locked():
            raise ProblemError(
                "restore-busy", "Another backup is being received", remedy="Try again when it is done.", status=409
            )
        async with self._receiving:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(prefix="upload-", dir=self._folder) as file:
                await _write(request, file)
                yield Path(file.name)


class BackupWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What another unit asks for on the bus."""

    kind: Literal["before-update"]


def answer_backup_requests(context: UnitContext) -> None:
    """Request `backup` of the bus: whoever changes much has a backup made first, and hears its id."""
    store = BackupStore(context.paths, context.clock)

    async def backup(data: Any) -> dict[str, str]:
        wanted = convert(data, BackupWanted)
        made = await asyncio.shield(asyncio.to_thread(store.create, Kind(wanted.kind)))
        return {"id": made.id}

    context.bus.handle("backup", backup)


def check_upload(request: web.Request) -> None:
    """Raise ProblemError for what is not declared as a plain file."""
    if request.content_type != OCTETS:
        raise ProblemError(
            "not-a-file", "The body is not declared as a file", remedy=f"Send Content-Type: {OCTETS}.", status=415
        )
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise ProblemError("compressed", "The body is compressed", remedy="Send the file as it is.", status=415)


def as_attachment(name: str) -> dict[str, str]:
    """The header that makes a browser save what it gets (RFC 6266)."""
    return {"Content-Disposition": f'attachment; filename="{name}"'}


async def _write(request: web.Request, file: IO[bytes]) -> None:
    have = 0
    while piece := await _next(request):
        have += len(piece)
        if have > LARGEST_UPLOAD_BYTES:
            raise ProblemError("too-large", "No backup is as large as this", remedy="Choose a backup.", status=413)
        await asyncio.to_thread(_append, file, piece)


async def _next(request: web.Request) -> bytes:
    try:
        async with asyncio.timeout(SILENCE_TIMEOUT_S):
            return await request.content.read(PIECE_BYTES)
    except (TimeoutError, web.RequestPayloadError):
        raise ProblemError(
            "interrupted", "The file did not come as a whole", remedy="Send it again.", status=408
        ) from None


def _append(file: IO[bytes], piece: bytes) -> None:
    check_room(Path(file.name).parent, len(piece))
    with full_is_a_problem():
        file.write(piece)
        file.flush()


def backup_routes(services: Services) -> list[Route]:
    """The table."""
    handlers, administrator, one = BackupRoutes(services), Permission.ADMINISTRATOR, f"{PATH}/{{id}}"
    make, restore = "Make a backup", "Check a backup, and put it in place of what is now; the unit restarts"
    return [
        reading(PATH, administrator, handlers.list, "Every backup, newest first", BackupList),
        changing(
            f"POST {PATH}", administrator, handlers.make, make, "make backup", body=NewBackup, result=Stored, status=201
        ),
        Route(
            method="GET",
            path=one,
            permission=administrator,
            handler=handlers.download,
            summary="A backup's file; camera passwords and keys are in it",
            media_type=OCTETS,
        ),
        changing(f"DELETE {one}", administrator, handlers.delete, "Forget a backup", "delete backup"),
        changing(
            f"POST {PATH}/restore",
            administrator,
            handlers.restore_upload,
            restore,
            "restore backup",
            upload=OCTETS,
            result=Staged,
            status=202,
        ),
        changing(
            f"POST {one}/restore",
            administrator,
            handlers.restore_kept,
            "The same with one of the list",
            "restore backup",
            body=RestoreKept,
            result=Staged,
            status=202,
        ),
    ]

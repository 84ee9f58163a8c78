"""The routes that show how the appliance is: health, storage, the audit log."""

import asyncio
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from appliance.api.library import Library
from appliance.api.media.threads import Threads
from appliance.api.problems import Problem
from appliance.api.routing import Call, Permission, Route, reading
from appliance.api.services import Services
from appliance.api.system_views import problem_view
from appliance.api.unit_health import Health
from appliance.core.errors import ProblemError
from appliance.host.machine_status import data_problem
from appliance.security.audit import AuditCheck, AuditEntry

VOLUME_TIMEOUT_S = 3.0
LOW_SPACE_PERCENT = 2


class VolumeView(msgspec.Struct, frozen=True, kw_only=True):
    """A volume. low: less than 2 % is free. problem says what is wrong when it is missing. id is null then."""

    name: str
    id: str | None
    status: Literal["ok", "low", "missing"]
    total_bytes: int
    used_bytes: int
    free_bytes: int
    problem: Problem | None = None


class StorageView(msgspec.Struct, frozen=True, kw_only=True):
    """Every volume."""

    volumes: list[VolumeView]


class AuditQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A page: entries with a number smaller than `before`."""

    limit: Annotated[int, Meta(ge=1, le=1000)] = 100
    before: Annotated[int, Meta(ge=1, le=1 << 53)] | None = None


class AuditPage(msgspec.Struct, frozen=True, kw_only=True):
    """Newest first; next continues as `before`, null at the end."""

    entries: list[AuditEntry]
    next: int | None


class OverviewRoutes:
    """Handlers that only read."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._threads = Threads("storage", 2, 32)  # of their own: those a disk that hangs keeps are missed by nobody

    async def health(self, call: Call) -> Health:
        """How the units are."""
        problem = problem_view(data_problem(self._services.context.paths))
        return msgspec.structs.replace(self._services.health.report(), data_problem=problem)

    async def storage(self, call: Call) -> StorageView:
        """How full the volumes are; a disk that hangs is shown as missing."""
        library = self._services.library
        asked = (_asked(self._threads, library, root) for root in library.roots)
        return StorageView(volumes=list(await asyncio.gather(*asked)))

    async def audit(self, call: Call) -> AuditPage:
        """A page of the audit log."""
        entries = await self._services.audit.newest(call.query.limit, call.query.before)
        more = len(entries) == call.query.limit and entries[-1].number > 1
        return AuditPage(entries=entries, next=entries[-1].number if more else None)

    async def audit_check(self, call: Call) -> AuditCheck:
        """Whether anybody changed the audit log."""
        return await self._services.audit.check()


async def _asked(threads: Threads, library: Library, root: Path) -> VolumeView:
    try:
        async with asyncio.timeout(VOLUME_TIMEOUT_S):
            return await threads.run(lambda: _volume(library, root))
    except (TimeoutError, ProblemError):  # the threads are all waiting for it
        silent = ProblemError(
            "volume-hangs", f"{root.name} does not answer", remedy="Check the disk and its cable.", status=503
        )
        return _missing(root, silent)


def _volume(library: Library, root: Path) -> VolumeView:
    library.open_missing()
    volume = library.volumes.get(root)
    if volume is None:
        return _missing(root, library.problems[root])
    try:
        usage = volume.usage()
    except OSError as error:
        gone = ProblemError(
            "volume-missing",
            f"{root.name} cannot be read ({type(error).__name__})",
            remedy="Check the disk.",
            status=503,
        )
        return _missing(root, gone)
    low = usage.free_bytes * 100 < usage.total_bytes * LOW_SPACE_PERCENT
    return VolumeView(
        name=root.name,
        id=volume.identity.id,
        status="low" if low else "ok",
        total_bytes=usage.total_bytes,
        used_bytes=usage.total_bytes - usage.free_bytes,
        free_bytes=usage.free_bytes,
    )


def _missing(root: Path, problem: ProblemError) -> VolumeView:
    said = msgspec.convert(problem.to_json(), Problem)
    return VolumeView(
        name=root.name, id=None, status="missing", total_bytes=0, used_bytes=0, free_bytes=0, problem=said
    )


def overview_routes(services: Services) -> list[Route]:
    """The table."""
    handlers, viewer, administrator = OverviewRoutes(services), Permission.VIEWER, Permission.ADMINISTRATOR
    changes, whole = "State-changing calls, newest first", "Whether the audit log is as it was written"
    return [
        reading("/api/v1/health", Permission.OPEN, handlers.health, "How the units are", Health),
        reading("/api/v1/storage", viewer, handlers.storage, "How full the volumes are", StorageView),
        reading("/api/v1/audit", administrator, handlers.audit, changes, AuditPage, query=AuditQuery),
        reading("/api/v1/audit/check", administrator, handlers.audit_check, whole, AuditCheck),
    ]

"""A state folder as an appliance has it: configuration with revisions, users, audit log, certificates."""

import asyncio
import gzip
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import msgspec
from argon2 import PasswordHasher

from appliance.backup.checking import Models
from appliance.core.clock import ManualClock
from appliance.core.config import ConfigStore
from appliance.core.paths import Paths
from appliance.security.access import Access
from appliance.security.audit import AuditLog
from appliance.security.certificates import ensure_certificates
from appliance.security.passwords import Passwords
from appliance.security.roles import Role

CAMERA_PASSWORD = "canary-of-the-camera-5512"
USER_PASSWORD = "canary of the user 7760"


class Thing(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A record."""

    id: str
    size: int = 0
    password: str = ""


MODELS = Models({"things": Thing})


async def fill(paths: Paths, clock: ManualClock) -> str:
    """Make it; returns a session's token."""
    access = await opened_access(paths, clock)
    await access.users.add("ada", USER_PASSWORD, Role.ADMINISTRATOR)
    token = await access.sessions.start("ada")
    await access.close()
    with ConfigStore(paths.config, clock) as store:
        things = store.table("things", Thing)
        things.put(Thing(id="a", size=1, password=CAMERA_PASSWORD), actor="ada")
        things.put(Thing(id="b", size=2), actor="ada")
    await note(paths, clock, "add thing")
    ensure_certificates(paths.tls, ["localhost"], clock)
    return token


async def opened_access(paths: Paths, clock: ManualClock) -> Access:
    folder = paths.state / "api"
    folder.mkdir(parents=True, exist_ok=True)
    return await Access(folder, clock, Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))).open()


async def note(paths: Paths, clock: ManualClock, action: str) -> None:
    log = AuditLog(paths.state / "api" / "audit.db", clock)
    await log.open()
    await log.note(actor="ada", via="session", address="192.0.2.1", action=action, subject="a", outcome="done")
    await log.close()


def change(paths: Paths, clock: ManualClock, size: int) -> None:
    with ConfigStore(paths.config, clock) as store:
        things = store.table("things", Thing)
        things.put(Thing(id="a", size=size), actor="ada")
        things.delete("b", actor="ada")
        store.table("others", Thing).put(Thing(id="x"), actor="ada")


async def observed(paths: Paths, clock: ManualClock) -> dict[str, Any]:
    """Everything a restoration is about, read as the units read it."""
    access = await opened_access(paths, clock)
    log = AuditLog(paths.state / "api" / "audit.db", clock)
    await log.open()
    with ConfigStore(paths.config, clock) as store:
        things, others = store.table("things", Thing), store.table("others", Thing)
        found = {
            "things": things.all(),
            "revisions": [change.revision for change in things.revisions()],
            "others": others.all(),
            "users": sorted(user for user in ("ada", "ben") if access.users.get(user)),
            "ca": (paths.tls / "ca.key").read_bytes(),
            "audit": [entry.action for entry in await log.newest(100)],
            "intact": (await log.check()).intact,
        }
    await access.close()
    await log.close()
    return found


def observe(paths: Paths, clock: ManualClock) -> dict[str, Any]:
    return asyncio.run(observed(paths, clock))


def rewritten(archive: Path, change: Any) -> bytes:
    """The archive with its members changed. change: gets {name: content}, with the manifest decoded."""
    with tarfile.open(archive) as tar:
        members = {member.name: tar.extractfile(member).read() for member in tar.getmembers()}  # type: ignore[union-attr]
    manifest = json.loads(members.pop("manifest.json"))
    change(manifest, members)
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb") as zipped, tarfile.open(fileobj=zipped, mode="w") as tar:
        for name, content in {"manifest.json": json.dumps(manifest).encode(), **members}.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return out.getvalue()

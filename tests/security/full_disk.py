"""Use sessions on a small disk that is full; print what came of it as JSON. Usage: full_disk.py FOLDER (the disk)."""

import asyncio
import json
import sys
from collections.abc import Awaitable
from pathlib import Path

from argon2 import PasswordHasher

from appliance.core.clock import US_PER_S, ManualClock
from appliance.security.access import Access
from appliance.security.passwords import Passwords
from appliance.security.roles import Role
from appliance.security.sessions import IDLE_S, SEEN_STORED_EVERY_S
from appliance.security.tokens import USED_STORED_EVERY_S
from tests.small_disk import fill


def opened(folder: Path, clock: ManualClock) -> Awaitable[Access]:
    return Access(folder, clock, Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))).open()


async def outcome(work: Awaitable[object]) -> str:
    """ "found", "nothing", or the error's name."""
    try:
        return "nothing" if await work is None else "found"
    except Exception as error:
        return type(error).__name__


async def run(folder: Path) -> dict[str, str]:
    clock = ManualClock()
    access = await opened(folder / "state", clock)
    await access.users.add("ada", "several words together", Role.VIEWER)
    idle, used = await access.sessions.start("ada"), await access.sessions.start("ada")
    _, token = await access.tokens.make("x", Role.VIEWER, "ada")
    fill(folder / "filler")
    found = {"sign in": await outcome(access.sessions.start("ada"))}
    clock.advance(max(SEEN_STORED_EVERY_S, USED_STORED_EVERY_S) * US_PER_S)
    found["use"], found["token"] = await outcome(access.sessions.find(used)), await outcome(access.tokens.find(token))
    clock.advance((IDLE_S - 60) * US_PER_S)
    found["expire"], found["idle"] = await outcome(access.sessions.expire()), await outcome(access.sessions.find(idle))
    await access.close()
    fill(folder / "filler")
    again = await opened(folder / "state", clock)
    (folder / "filler").unlink()
    await again.close()
    fill(folder / "filler")
    found["start again"] = await outcome(opened(folder / "state", clock))
    return found


if __name__ == "__main__":
    print(json.dumps(asyncio.run(run(Path(sys.argv[1])))))

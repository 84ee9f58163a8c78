from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from appliance.core.clock import ManualClock
from appliance.security.access import Access
from appliance.security.passwords import Passwords


@pytest.fixture(name="clock")
def clock_fixture() -> ManualClock:
    return ManualClock()


@pytest.fixture(name="access")
async def access_fixture(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Access]:
    quick = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    one = await Access(tmp_path, clock, quick).open()
    yield one
    await one.close()

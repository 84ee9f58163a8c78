from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.api.serving import Site, serving
from tests.bus.broker import broker_fixture

__all__ = ["broker_fixture"]


@pytest.fixture(name="site")
async def site_fixture(tmp_path: Path) -> AsyncIterator[Site]:
    async with serving(tmp_path) as site:
        yield site

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from appliance.slots.report import CMDLINE_VARIABLE
from tests.host.control_service import Service, service


@pytest.fixture(name="image")
def image_fixture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if this machine was started from our image."""
    (tmp_path / "cmdline").write_text("quiet gatehouse.slot=b panic=10\n")
    monkeypatch.setenv(CMDLINE_VARIABLE, str(tmp_path / "cmdline"))


@pytest.fixture(name="control")
async def control_fixture(tmp_path: Path) -> AsyncIterator[Service]:
    async with service(tmp_path) as running:
        yield running

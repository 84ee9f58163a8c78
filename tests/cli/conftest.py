import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.core.clock import ManualClock
from appliance.core.paths import Paths
from tests.backup.state import fill
from tests.cli.running import Shell
from tests.console.control import ControlService, serving


@pytest.fixture(name="shell")
def shell_fixture(tmp_path: Path) -> Shell:
    """On a bench that is filled, and stopped."""
    asyncio.run(fill(Paths(tmp_path / "data"), ManualClock()))
    return Shell(tmp_path / "data", tmp_path / "control.sock")


@pytest.fixture(name="control")
def control_fixture(shell: Shell) -> Iterator[ControlService]:
    with serving(shell.control) as control:
        yield control

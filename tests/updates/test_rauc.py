"""The real RAUC service, on a D-Bus of the test's own. It gets as far as it can where there is no device mapper."""

import asyncio
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.errors import ProblemError
from appliance.updates.rauc import INTERFACE, NAME, OBJECT, Progress, Rauc, parse_progress
from tests.updates.bundles import Workshop

BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type><listen>unix:path={socket}</listen>
  <policy context="default">
    <allow user="*"/><allow own="*"/><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
  </policy>
  <include>{policy}</include>
</busconfig>"""
POLICY = Path(__file__).parents[2] / "image/rauc/dbus.conf"
UNIT, STRANGER = "nobody", "daemon"  # in the place of gatehouse-updates, and of any other unit


@pytest.fixture(name="rauc")
def rauc_fixture(workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rauc]:
    socket, configuration = tmp_path / "bus", tmp_path / "bus.conf"
    policy = tmp_path / "policy.conf"
    policy.write_text(POLICY.read_text().replace("gatehouse-updates", UNIT))
    configuration.write_text(BUS.format(socket=socket, policy=policy))
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={socket}")
    bus = subprocess.Popen(["dbus-daemon", f"--config-file={configuration}", "--nofork", "--print-address"], stdout=-1)
    assert bus.stdout is not None
    bus.stdout.readline()
    backend = tmp_path / "slots"
    backend.write_text("#!/bin/sh\ncase $1 in get-primary) echo a;; get-state) echo good;; esac\n")
    backend.chmod(0o755)
    text = workshop.configuration.read_text().replace("/usr/lib/gatehouse/slots", str(backend))
    (tmp_path / "system.conf").write_text(text.replace("/run/rauc", str(tmp_path / "mount")))
    service = subprocess.Popen(
        ["rauc", f"--conf={tmp_path / 'system.conf'}", "--override-boot-slot=a", "service"],
        env={**os.environ, "DBUS_STARTER_BUS_TYPE": "session"},
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    yield Rauc(system=False)
    for process in (service, bus):
        process.kill()
        process.wait()


async def answering(rauc: Rauc) -> Progress:
    """Its first answer, once it is there."""
    async with asyncio.timeout(20):
        while True:
            try:
                return await rauc.progress()
            except ProblemError:
                await asyncio.sleep(0.05)


async def test_it_says_where_it_stands(rauc: Rauc) -> None:
    assert not (await answering(rauc)).busy


async def test_an_installation_that_cannot_be_says_why(rauc: Rauc, workshop: Workshop) -> None:
    await answering(rauc)
    await rauc.start(workshop.bundle())
    async with asyncio.timeout(20):
        while (progress := await rauc.progress()).busy:
            await asyncio.sleep(0.02)
    assert progress.error


def asked_by(user: str, *arguments: str) -> str:
    """What busctl answers a user: "" where it was allowed, else its complaint."""
    command = ["setpriv", f"--reuid={user}", "--clear-groups", "busctl", "--user", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30).stderr


@pytest.mark.skipif(os.getuid() != 0, reason="becoming another user needs root")
async def test_the_unit_may_install_and_nothing_else_and_others_may_nothing(rauc: Rauc) -> None:
    await answering(rauc)
    where = (NAME, OBJECT, INTERFACE)
    for user, allowed in ((UNIT, True), (STRANGER, False)):
        assert ("Access denied" in asked_by(user, "get-property", *where, "Operation")) is not allowed
        assert (
            "Access denied" in asked_by(user, "call", *where, "InstallBundle", "sa{sv}", "/none", "0")
        ) is not allowed
        assert "Access denied" in asked_by(user, "call", *where, "Mark", "ss", "active", "other")


async def test_nobody_there_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path / 'none'}")
    with pytest.raises(ProblemError, match="not-installed"):
        await Rauc(system=False).progress()


def test_an_answer_as_busctl_prints_it() -> None:
    said = '{"type":"s","data":"installing"}\n{"type":"(isi)","data":[40,"Copying image",2]}\n{"type":"s","data":""}\n'
    assert parse_progress(said) == Progress(True, 40, "Copying image", "")


@given(st.text(max_size=100))
def test_whatever_it_says_is_understood_or_refused(said: str) -> None:
    with pytest.raises(ProblemError, match="not-installed"):
        parse_progress(said)

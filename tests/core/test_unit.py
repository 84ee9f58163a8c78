"""How a unit runs: its watchdog, its end, and what its log says of it."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

RUN = """
import asyncio
from appliance.core.errors import ProblemError
from appliance.core.unit import make_context, run_unit
async def main(context):
    context.notifier.ready()
    {body}
asyncio.run(run_unit(make_context("x", 0), main))
"""


def start(body: str, folder: Path, **environment: str) -> "subprocess.Popen[str]":
    settings = {**os.environ, "GATEHOUSE_DATA": str(folder), **environment}
    return subprocess.Popen(
        [sys.executable, "-c", RUN.format(body=body)], env=settings, stderr=subprocess.PIPE, text=True
    )


def test_a_problem_ends_the_unit_with_its_remedy_in_the_log(tmp_path: Path) -> None:
    process = start('raise ProblemError("x", "It broke", remedy="Mend it")', tmp_path)
    _, logged = process.communicate(timeout=30)
    assert process.returncode == 1
    assert json.loads(logged)["message"] == "It broke. Mend it"


def test_a_bug_ends_the_unit_with_a_traceback_without_secrets_in_one_line(tmp_path: Path) -> None:
    process = start('raise KeyError("rtsp://user:canary@camera/")', tmp_path)
    _, logged = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "KeyError" in json.loads(logged)["traceback"]
    assert "canary" not in logged


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_unit_tells_its_watchdog_that_it_lives_and_ends_well_when_told(tmp_path: Path, number: int) -> None:
    address = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(address))
        manager.settimeout(30)
        settings = {"NOTIFY_SOCKET": str(address), "WATCHDOG_USEC": "200000"}
        process = start("await asyncio.Event().wait()", tmp_path, **settings)
        heard = {manager.recv(100) for _ in range(4)}
        process.send_signal(number)
        process.communicate(timeout=30)
    assert heard == {b"READY=1", b"WATCHDOG=1"}
    assert process.returncode == 0

"""The bench as a whole: unit files in, a ready line out, and nothing left behind however it ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

UNIT = """
import json, os, pathlib, socket, subprocess, sys, time
name = sys.argv[1]
child = subprocess.Popen([sys.executable, "-c", DIE + "import time; time.sleep(600)"]) if name == "bus" else None
if name == "api":
    run = pathlib.Path(os.environ["GATEHOUSE_DATA"]) / "run" / "api"
    run.mkdir(parents=True, exist_ok=True)
    (run / "ready.json").write_text(json.dumps({"url": "https://localhost:1", "setup_code": "CODE"}))
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect(os.environ["NOTIFY_SOCKET"])
s.send(b"READY=1")
while True:
    s.send(b"WATCHDOG=1")
    time.sleep(0.2)
"""
DIE = "import ctypes; ctypes.CDLL(None).prctl(1, 9)\n"
RUN = "import asyncio, sys; from pathlib import Path; from appliance.supervisor.unit import supervise\n"
RUN += "asyncio.run(supervise(Path(sys.argv[1]), []))"
SERVICE = """
[Service]
Type=notify
ExecStart=/opt/python {unit} {name}
Restart=always
RestartSec=50ms
WatchdogSec=4
TimeoutStopSec=5
"""


class Site:
    """A folder of unit files whose units do nothing, and supervisors started on it."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self._units = folder / "units"
        self._units.mkdir()
        program = folder / "unit.py"
        program.write_text(f"DIE = {DIE!r}\n{UNIT}")
        for name in ("bus", "ingest@", "api", "updates"):
            (self._units / f"gatehouse-{name}.service").write_text(SERVICE.format(unit=program, name=name))
        self._started: list[subprocess.Popen[str]] = []

    def start(self, **environment: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", RUN, str(self._units)]
        settings = {**os.environ, "GATEHOUSE_DATA": str(self.data), "GATEHOUSE_INGEST_SHARDS": "3", **environment}
        process = subprocess.Popen(command, env=settings, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self._started.append(process)
        return process

    def sockets(self) -> dict[str, int]:
        """The files at which units say that they live, by name and inode."""
        return {path.name: path.stat().st_ino for path in (self.data / "run").glob("notify-*")}

    def end(self) -> None:
        for process in self._started:
            process.kill()
            process.communicate()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.end()


def ready_line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def children(process: "subprocess.Popen[str]") -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def gone(processes: list[psutil.Process]) -> bool:
    _, alive = psutil.wait_procs(processes, timeout=10)
    return not [p for p in alive if p.status() != psutil.STATUS_ZOMBIE]


def test_every_unit_runs_and_the_ready_line_says_where(site: Site) -> None:
    process = site.start()
    assert ready_line(process) == "Gatehouse ready: https://localhost:1 setup-code=CODE"
    assert len(psutil.Process(process.pid).children()) == 6  # bus, three shards, api, updates


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_however_it_ends_no_process_is_left(site: Site, number: signal.Signals) -> None:
    process = site.start()
    ready_line(process)
    below = children(process)
    assert len(below) == 7  # the bus has a child of its own
    process.send_signal(number)
    assert gone(below)
    assert process.wait(20) == (-signal.SIGKILL if number is signal.SIGKILL else 0)


def test_a_second_one_on_the_same_folder_is_refused_and_does_the_first_no_harm(site: Site) -> None:
    first = site.start()
    ready_line(first)
    before, sockets = {child.pid for child in children(first)}, site.sockets()
    second = site.start()
    _, complaint = second.communicate(timeout=30)
    assert second.returncode != 0
    assert "already-running" in complaint
    assert site.sockets() == sockets  # the first one's units are still heard
    assert {child.pid for child in children(first)} == before
    first.kill()
    first.wait()
    assert ready_line(site.start()).startswith("Gatehouse ready")


def test_a_unit_that_hangs_is_killed_and_started_again(site: Site) -> None:
    process = site.start()
    ready_line(process)
    victim = next(p for p in psutil.Process(process.pid).children() if "api" in p.cmdline())
    victim.suspend()
    assert gone([victim])
    deadline = time.monotonic() + 20
    while not [p for p in psutil.Process(process.pid).children() if "api" in p.cmdline() and p.pid != victim.pid]:
        assert time.monotonic() < deadline


def test_a_supervisor_that_was_asleep_blames_no_unit(site: Site) -> None:
    process = site.start()
    ready_line(process)
    before = {child.pid for child in children(process)}
    process.send_signal(signal.SIGSTOP)
    time.sleep(6.0)  # longer than the units' watchdog, and than the sleep that is noticed
    process.send_signal(signal.SIGCONT)
    time.sleep(1.0)  # two looks
    assert {child.pid for child in children(process)} == before


@pytest.mark.parametrize("value", ["0", "-1", "two", "65", "²", "1e3"])
def test_a_number_of_shards_that_is_none_is_refused(site: Site, value: str) -> None:
    process = site.start(GATEHOUSE_INGEST_SHARDS=value)
    _, complaint = process.communicate(timeout=30)
    assert process.returncode != 0
    assert "bad-setting: GATEHOUSE_INGEST_SHARDS" in complaint


def test_a_folder_whose_sockets_could_not_be_named_is_refused(site: Site) -> None:
    process = site.start(GATEHOUSE_DATA=str(site.data / ("long" * 30)))
    _, complaint = process.communicate(timeout=30)
    assert "folder-name-too-long" in complaint


def test_its_command_says_cause_and_remedy_on_one_line(tmp_path: Path) -> None:
    settings = {**os.environ, "GATEHOUSE_DATA": str(tmp_path), "GATEHOUSE_INGEST_SHARDS": "none"}
    for unit in ("supervise", "bus"):
        command = [sys.executable, "-m", "appliance", unit]
        ended = subprocess.run(command, env=settings, capture_output=True, text=True, timeout=60)
        assert ended.returncode == 1
        assert "Set it to a number from 1 to 64" in ended.stderr
        assert "Traceback" not in ended.stderr

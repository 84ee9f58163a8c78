"""When a version counts as healthy, and when it is left."""

import http.server
import json
import os
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import appliance
from appliance.core.clock import SystemClock
from appliance.security.certificates import ensure_certificates
from appliance.slots.environment_block import SIZE_BYTES, format_block, parse_block
from appliance.slots.health import Look, Patience, look_at_api, look_at_units, watch
from appliance.slots.model import FACTORY, made_primary

ROOT = Path(__file__).parents[2]
PATIENCE = Patience(within_s=60, steady_s=10)


class Ended(Exception):
    """The test has seen enough."""


@dataclass
class Machine:
    """Parts that are well or not, second by second."""

    well: Callable[[float], set[str]]
    now_s: float = 0.0
    ends_s: float = 1000.0

    def look(self) -> Look:
        well = frozenset(self.well(self.now_s))
        return Look(well, None if well >= {"api", "bus"} else "something is down")

    def pause(self) -> None:
        self.now_s += 2
        if self.now_s > self.ends_s:
            raise Ended

    def watched(self, on_trial: bool) -> bool:
        return watch(self.look, on_trial, PATIENCE, lambda: self.now_s, self.pause)


BOTH = {"api", "bus"}


def test_it_is_healthy_once_it_was_well_for_a_while() -> None:
    machine = Machine(lambda now_s: BOTH if now_s >= 20 else set())
    assert machine.watched(on_trial=True)
    assert machine.now_s == 30


def test_a_version_that_comes_and_goes_is_not_healthy() -> None:
    machine = Machine(lambda now_s: BOTH if now_s % 8 < 6 else set())
    assert not machine.watched(on_trial=True)
    assert 60 <= machine.now_s <= 64


def test_a_version_in_which_one_part_never_gets_well_is_left() -> None:
    machine = Machine(lambda now_s: {"bus"} if now_s >= 10 else set())
    assert not machine.watched(on_trial=True)
    assert machine.now_s == 70


def test_a_slow_machine_has_time_as_long_as_more_gets_well() -> None:
    machine = Machine(lambda now_s: {"bus"} if 50 <= now_s < 100 else BOTH if now_s >= 100 else set())
    assert machine.watched(on_trial=True)
    assert machine.now_s == 110


def test_a_proven_version_is_never_left() -> None:
    with pytest.raises(Ended):
        Machine(lambda now_s: set()).watched(on_trial=False)


def test_a_proven_version_that_gets_well_late_is_healthy() -> None:
    assert Machine(lambda now_s: BOTH if now_s > 600 else set()).watched(on_trial=False)


@given(st.dictionaries(st.integers(0, 60), st.sets(st.sampled_from(["api", "bus", "ingest"]))))
def test_a_trial_always_ends(well: dict[int, set[str]]) -> None:
    machine = Machine(lambda now_s: well.get(int(now_s) // 2, set()))
    machine.watched(on_trial=True)
    assert machine.now_s <= 4 * (60 + 2)


@contextmanager
def answering(folder: Path, body: bytes) -> Iterator[str]:
    """A real HTTPS server with a certificate that nobody knows."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            pass

    ensure_certificates(folder, ["localhost"], SystemClock())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"https://localhost:{server.server_port}/api/v1/health"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"units": {"api": {"status": "ok"}}}, None),
        ({"units": {"api": {"status": "ok"}, "bus": {"status": "down"}}}, "the API misses bus"),
        ([], "the API does not answer"),
    ],
)
def test_what_the_api_says(tmp_path: Path, body: object, expected: str | None) -> None:
    with answering(tmp_path, json.dumps(body).encode()) as url:
        said = look_at_api(url).trouble
    assert said == expected or (said is not None and expected is not None and said.startswith(expected))


def test_no_api_is_no_health() -> None:
    assert "does not answer" in (look_at_api("https://localhost:1/api/v1/health").trouble or "")


def service_manager(folder: Path, wants: str, *states: str) -> Path:
    """A systemctl that says what the target wants, and of each unit its state and whether its condition was met."""
    program, told = folder / "systemctl", folder / "states"
    blocks = []
    for text in states:
        name, state, condition = text.split()
        looked_us = 0 if condition == "never" else 5000
        result = "yes" if condition == "yes" else "no"
        unit = {"Id": name, "ActiveState": state, "ConditionResult": result, "ConditionTimestampMonotonic": looked_us}
        blocks.append("".join(f"{key}={value}\n" for key, value in unit.items()))
    told.write_text("\n".join(blocks))
    told_wants = f"case $2 in --property=Wants) echo '{wants}';; *) cat {told};; esac"
    program.write_text(f"#!/bin/sh\ncase $1 in show) {told_wants};; *) echo $1 >{folder}/done;; esac\n")
    program.chmod(0o755)
    return program


@pytest.mark.parametrize(
    ("wants", "states", "expected"),
    [
        ("a.service b.service c.timer", ["b.service active yes", "a.service active yes"], None),
        ("a.service b.service", ["a.service active yes", "b.service activating yes"], "b.service is activating"),
        ("a.service b.service", ["a.service active yes", "b.service inactive no"], None),
        ("a.service b.service", ["a.service active yes", "b.service inactive yes"], "b.service is inactive"),
        ("a.service b.service", ["a.service active yes", "b.service inactive never"], "b.service is inactive"),
        ("a.service gatehouse-console@tty1.service", ["a.service active yes"], None),
        ("a.service", ["a.service failed no"], "a.service is failed"),
        ("a.service", [], "a.service is unknown"),
        ("", [], "gatehouse.target has no units"),
    ],
)
def test_what_the_service_manager_says(tmp_path: Path, wants: str, states: list[str], expected: str | None) -> None:
    assert look_at_units(str(service_manager(tmp_path, wants, *states))).trouble == expected


@pytest.mark.parametrize(("on_trial", "healthy"), [(True, True), (True, False), (False, True)])
def test_the_program_marks_the_slot_or_restarts(tmp_path: Path, on_trial: bool, healthy: bool) -> None:
    variables = made_primary(FACTORY, "b") if on_trial else {**FACTORY, "b_state": "good", "b_left": "1"}
    (tmp_path / "bootenv").write_bytes(format_block(variables))
    (tmp_path / "cmdline").write_text("gatehouse.slot=b")
    (tmp_path / "own-floor").write_text("0.1.0\n")
    programs = tmp_path / "bin"
    programs.mkdir()
    service_manager(programs, "a.service", "a.service active yes")
    units = {"api": {"status": "ok" if healthy else "down"}}
    with answering(tmp_path / "tls", json.dumps({"units": units}).encode()) as url:
        environment = {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "GATEHOUSE_BOOTENV": str(tmp_path / "bootenv"),
            "GATEHOUSE_CMDLINE": str(tmp_path / "cmdline"),
            "GATEHOUSE_SLOTS_REPORT": str(tmp_path / "slots.json"),
            "GATEHOUSE_VERSION_FLOORS": f"{tmp_path / 'own-floor'}:{tmp_path / 'reached'}",
            "GATEHOUSE_HEALTHY_WITHIN_S": "0",
            "GATEHOUSE_HEALTHY_FOR_S": "0",
            "GATEHOUSE_PORT": url.split(":")[2].split("/")[0],
        }
        command = [sys.executable, "-S", "-m", "appliance.slots.health"]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    after = parse_block((tmp_path / "bootenv").read_bytes()[:SIZE_BYTES])
    if healthy:
        assert (after["b_state"], after["b_left"]) == ("good", "6")
        assert (tmp_path / "reached").read_text() == "0.1.0\n"
        assert (tmp_path / "version-b").read_text() == f"{appliance.__version__}\n"
        assert not (programs / "done").exists()
    else:
        assert after == variables
        assert (programs / "done").read_text() == "reboot\n"
    assert json.loads((tmp_path / "slots.json").read_text())["running"] == "b"

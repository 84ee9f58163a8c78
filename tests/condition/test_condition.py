"""What is read of a bench, and what the control service's client makes of any answer."""

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from hypothesis import given
from hypothesis import strategies as st

from appliance.condition.control import Control
from appliance.condition.logs import ago, for_people, lines_since
from appliance.condition.model import UnitState
from appliance.condition.reading import bench_condition, fingerprint_of, understood
from appliance.core.clock import US_PER_S, ManualClock, from_rfc3339
from appliance.core.errors import ProblemError
from appliance.core.paths import Paths
from appliance.security.certificates import ensure_certificates


@contextmanager
def answering(path: Path, answer: bytes) -> Iterator[Control]:
    class Exchange(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.rfile.readline()
            self.wfile.write(answer)

    with socketserver.ThreadingUnixStreamServer(str(path), Exchange) as server:
        thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.05))
        thread.start()
        try:
            yield Control(path, timeout_s=10)
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("answer", [b"", b"\n", b"no json\n", b"[]\n", b'{"ok": true', b"\xff\n", b"5\n"])
def test_an_answer_that_is_none_is_a_problem(tmp_path: Path, answer: bytes) -> None:
    with answering(tmp_path / "s", answer) as control, pytest.raises(ProblemError, match="no-control"):
        control.ask("status")


def test_a_result_and_a_problem_come_out_as_they_were(tmp_path: Path) -> None:
    with answering(tmp_path / "a", b'{"ok": true, "result": {"x": 1}}\n') as control:
        assert control.ask("status") == {"x": 1}
    told = {
        "ok": False,
        "problem": {"code": "busy", "title": "It is busy", "remedy": "Wait.", "status": 409, "field": "x"},
    }
    with answering(tmp_path / "b", json.dumps(told).encode() + b"\n") as control:
        with pytest.raises(ProblemError, match="It is busy") as raised:
            control.ask("restart", what="units")
    assert (raised.value.status, raised.value.remedy, raised.value.field) == (409, "Wait.", "x")


def test_a_machine_without_a_control_service_is_told_from_one_whose_service_is_away(tmp_path: Path) -> None:
    assert not Control(tmp_path / "none").is_there
    with pytest.raises(ProblemError, match="There is no control service here"):
        Control(tmp_path / "none").ask("status")
    (tmp_path / "dead").touch()
    with pytest.raises(ProblemError, match="does not answer"):
        Control(tmp_path / "dead").ask("status")


@given(
    st.recursive(
        st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_whatever_is_told_as_a_status_is_understood_or_a_problem(told: object) -> None:
    try:
        understood(told)
    except ProblemError as problem:
        assert problem.code == "bad-status"


def test_what_another_version_tells_beyond_this_one_is_left_out() -> None:
    assert (
        understood({"version": "9.9", "moons": 2, "units": [{"name": "x", "state": "active", "mood": "good"}]}).version
        == "9.9"
    )


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"units": {"api": {}}}', b"\xff"])
def test_a_bench_whose_files_are_broken_is_still_told_of(tmp_path: Path, content: bytes) -> None:
    paths = Paths(tmp_path)
    for file in (paths.run / "supervisor.json", paths.run / "api" / "ready.json", paths.tls / "server.pem"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    condition = bench_condition(paths)
    assert condition.fingerprint == ""
    assert condition.data is not None


def test_the_fingerprint_is_that_of_the_certificate_itself(tmp_path: Path) -> None:
    ensure_certificates(tmp_path, ["localhost"], ManualClock())
    certificate = x509.load_pem_x509_certificate((tmp_path / "server.pem").read_bytes())
    assert fingerprint_of(tmp_path / "server.pem") == certificate.fingerprint(hashes.SHA256()).hex(":").upper()


@pytest.mark.parametrize(
    ("name", "state", "ill"),
    [
        ("gatehouse-api.service", "active", False),
        ("gatehouse-api.service", "inactive", True),
        ("ingest@0", "activating", True),
        ("gatehouse-backup.service", "inactive", False),
        ("gatehouse-backup.service", "failed", True),
        ("gatehouse-again@gatehouse-api.service.service", "inactive", False),
    ],
)
def test_a_unit_is_ill_when_it_does_not_do_its_work(name: str, state: str, ill: bool) -> None:
    assert UnitState(name=name, state=state).is_ill is ill


def test_times_are_read_as_they_are_written() -> None:
    now = from_rfc3339("2026-01-01T12:00:00Z")
    assert ago("30min", now) == now - 1800 * US_PER_S
    assert ago("2h", now) == now - 7200 * US_PER_S
    assert ago("1d", now) == now - 86_400 * US_PER_S
    assert ago("90s", now) == now - 90 * US_PER_S
    assert ago("2026-01-01T11:00:00Z", now) == now - 3600 * US_PER_S
    for text in ("", "h", "-1h", "2 weeks", "2026-01-01", "٣h"):
        with pytest.raises(ValueError):
            ago(text, now)


@given(st.lists(st.binary(max_size=60), max_size=20))
def test_any_log_is_read(tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]) -> None:
    file = tmp_path_factory.mktemp("log") / "x.log"
    file.write_bytes(b"\n".join(lines))
    assert all(isinstance(for_people(line), str) for line in lines_since(file, 0))

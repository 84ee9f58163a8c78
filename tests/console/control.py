"""A control service that says what a test tells it to, over the real socket, and remembers what it was asked."""

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

from appliance.core.errors import ProblemError
from appliance.host.control_words import parse_request

CONDITION: dict[str, Any] = {
    "name": "Front office",
    "version": "0.1.0",
    "slot": "a",
    "identity": {"serial": "GH-1", "hostname": "gatehouse-3f7k2q", "mdns_name": "gatehouse-3f7k2q.local"},
    "addresses": ["192.0.2.10"],
    "fingerprint": ":".join(f"{n:02X}" for n in range(32)),
    "setup_code": "ABCDE-FGHJK",
    "claimed": False,
    "units": [{"name": name, "state": "active", "since": None} for name in ("bus", "ingest@0", "api")],
    "data": {"total_bytes": 2_000_000_000_000, "free_bytes": 1_000_000_000_000},
    "slots": [
        {"name": "a", "state": "running", "version": "0.1.0", "tries_left": 6},
        {"name": "b", "state": "good", "version": "0.0.9", "tries_left": 6},
    ],
    "time_synchronised": True,
}
NETWORK: dict[str, Any] = {
    "mode": "dhcp",
    "address": None,
    "gateway": None,
    "dns": [],
    "ntp": [],
    "hostname": "gatehouse-3f7k2q",
}


class ControlService:
    """Its answers by verb; a dict with "problem" refuses."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.looks = 0
        self.answers: dict[str, Any] = {"status": deepcopy(CONDITION), "network": dict(NETWORK)}

    def answer(self, line: bytes) -> bytes:
        """One exchange."""
        try:
            parse_request(line)
        except ProblemError as problem:  # what the real one does not understand, this one does not either
            return json.dumps({"ok": False, "problem": problem.to_json()}).encode() + b"\n"
        question = json.loads(line)
        if question["verb"] == "status":
            self.looks += 1
        else:
            self.asked.append(question)
        result = self.answers.get(question["verb"])
        if isinstance(result, dict) and "problem" in result:
            return json.dumps({"ok": False, **result}).encode() + b"\n"
        return json.dumps({"ok": True, "result": result}).encode() + b"\n"


@contextmanager
def serving(path: Path) -> Iterator[ControlService]:
    """Serve at a path."""
    service = ControlService()

    class Exchange(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(service.answer(self.rfile.readline()))

    with socketserver.ThreadingUnixStreamServer(str(path), Exchange) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.05))
        thread.start()
        try:
            yield service
        finally:
            server.shutdown()
            thread.join()

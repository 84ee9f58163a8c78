"""QEMU's machine protocol: JSON lines over a unix socket (docs/interop/qmp-spec of QEMU)."""

import json
import socket
from pathlib import Path
from typing import Any, Self

ANSWER_TIMEOUT_S = 60.0
MOST_EVENTS = 10_000


class QmpError(Exception):
    """QEMU refused a command; says why."""


class Qmp:
    """One connection; blocking, for one thread."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._lines = connection.makefile("rb")
        self._events: list[dict[str, Any]] = []

    @classmethod
    def connect(cls, path: Path, timeout_s: float = ANSWER_TIMEOUT_S) -> Self:
        """Greet and be ready for commands; raises OSError, QmpError."""
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(timeout_s)
        try:
            connection.connect(str(path))
            made = cls(connection)
            made._read()
            made.command("qmp_capabilities")
        except BaseException:
            connection.close()
            raise
        return made

    def command(self, name: str, **arguments: Any) -> Any:
        """What it returns; events that come before the answer are kept. Raises QmpError, OSError, ConnectionError."""
        sent = {"execute": name, "arguments": {key.replace("_", "-"): value for key, value in arguments.items()}}
        self._socket.sendall(json.dumps(sent).encode() + b"\n")
        while True:
            answer = self._read()
            if "error" in answer:
                raise QmpError(f"{name}: {answer['error'].get('desc')}")
            if "return" in answer:
                return answer["return"]
            self._keep(answer)

    def wait_event(self, name: str, timeout_s: float) -> dict[str, Any]:
        """The next event of that name, or one that came before; raises TimeoutError."""
        self._socket.settimeout(timeout_s)
        try:
            while True:
                for number, event in enumerate(self._events):
                    if event["event"] == name:
                        return self._events.pop(number)
                self._keep(self._read())
        finally:
            self._socket.settimeout(ANSWER_TIMEOUT_S)

    def close(self) -> None:
        """Harmless twice."""
        self._lines.close()
        self._socket.close()

    def _keep(self, message: dict[str, Any]) -> None:
        if "event" in message:
            self._events = [*self._events[-MOST_EVENTS:], message]

    def _read(self) -> dict[str, Any]:
        line = self._lines.readline()
        if not line:
            raise ConnectionError("QEMU closed its control socket")
        return dict(json.loads(line))

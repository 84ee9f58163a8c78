"""The client of the control service: one JSON line there, one back (docs/reference/control.md)."""

import os
import socket
from pathlib import Path
from typing import Any

import msgspec

from appliance.core.errors import ProblemError

SOCKET_VARIABLE = "GATEHOUSE_CONTROL"
DEFAULT_SOCKET = "/run/gatehouse/control.sock"
TIMEOUT_S = 30.0
LONGEST_ANSWER_BYTES = 64 * 1024 * 1024


class Control:
    """Asks for one thing at a time. Blocks: call it in a thread where an event loop turns."""

    def __init__(self, path: Path, timeout_s: float = TIMEOUT_S) -> None:
        self._path = path
        self._timeout_s = timeout_s

    @classmethod
    def from_environment(cls, timeout_s: float = TIMEOUT_S) -> "Control":
        """GATEHOUSE_CONTROL, or where the appliance has it."""
        return cls(Path(os.environ.get(SOCKET_VARIABLE, DEFAULT_SOCKET)), timeout_s)

    @property
    def is_there(self) -> bool:
        """Whether this machine has a control service at all: a bench has none."""
        return self._path.exists()

    def ask(self, verb: str, **arguments: Any) -> Any:
        """The result; raises the ProblemError that the service answers with, or "no-control"."""
        question = msgspec.json.encode({"verb": verb, **arguments}) + b"\n"
        try:
            answer = self._exchanged(question)
            told = msgspec.json.decode(answer, type=dict[str, Any])
        except (OSError, msgspec.DecodeError) as error:
            raise _no_control(self._path, error) from None
        if told.get("ok") is True:
            return told.get("result")
        problem = told.get("problem")
        raise ProblemError.from_json(problem if isinstance(problem, dict) else {})

    def _exchanged(self, question: bytes) -> bytes:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.settimeout(self._timeout_s)
            sock.connect(str(self._path))
            sock.sendall(question)
            answer = bytearray()
            while not answer.endswith(b"\n"):
                piece = sock.recv(65536)
                if not piece or len(answer) > LONGEST_ANSWER_BYTES:
                    break
                answer += piece
        return bytes(answer)


def _no_control(path: Path, error: Exception) -> ProblemError:
    if isinstance(error, PermissionError):
        return ProblemError(
            "not-allowed",
            "The control service does not answer to this user",
            remedy="Run the command as root.",
            status=403,
        )
    if isinstance(error, FileNotFoundError):
        return ProblemError(
            "no-control",
            "There is no control service here",
            remedy="This runs from a source tree: only an installed appliance can do that.",
            status=503,
        )
    return ProblemError(
        "no-control",
        "The control service does not answer",
        remedy="Try again in a minute; `systemctl status gatehouse-control` says more.",
        status=503,
        detail=f"{path.name}: {type(error).__name__}",
    )

"""The command as it is run: a process, in a state folder of its own."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COMMAND = [sys.executable, "-m", "appliance.cli"]


@dataclass(frozen=True)
class Said:
    """What came of it."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Shell:
    """Where it is run. control: the control service's socket, which need not be there."""

    data: Path
    control: Path

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "GATEHOUSE_DATA": str(self.data), "GATEHOUSE_CONTROL": str(self.control)}

    def run(self, *arguments: str, given: str = "") -> Said:
        """Nobody is at a terminal."""
        done = subprocess.run(
            [*COMMAND, *arguments], env=self.environment, input=given, capture_output=True, text=True, timeout=60
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Said(done.returncode, done.stdout, done.stderr)

    def run_at_terminal(self, arguments: Sequence[str], typed: str) -> Said:
        """Somebody answers what is asked."""
        master, slave = pty.openpty()
        process = subprocess.Popen(
            [*COMMAND, *arguments],
            env=self.environment,
            stdin=slave,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        os.close(slave)
        os.write(master, typed.encode())
        out, err = process.communicate(timeout=60)
        os.close(master)
        return Said(process.returncode, out, err)

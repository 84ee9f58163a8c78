"""A really full disk keeps nobody from looking, and the unit from no start: only signing in needs room."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_sessions_are_good_on_a_full_disk(tmp_path: Path) -> None:
    as_root = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    script = 'mount -t tmpfs -o size=1m none "$1" && exec "$2" -m tests.security.full_disk "$1"'
    command = ["unshare", *as_root, "--mount", "sh", "-c", script, "sh", str(tmp_path), sys.executable]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, cwd=ROOT)
    if re.search(r"^(unshare|mount): .*(not permitted|denied)", done.stderr, re.MULTILINE):
        pytest.skip("this machine lets nobody mount a file system")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "sign in": "FullError",
        "use": "found",
        "token": "found",
        "expire": "nothing",
        "idle": "nothing",
        "start again": "found",
    }

"""A small disk of one's own: a tmpfs in a mount namespace, in which another program of the tests runs."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def run_on_small_disk(module: str, folder: Path, mib: int, timeout_s: float = 90) -> str:
    """What `python -m MODULE FOLDER` prints where folder is an empty disk of that size; skips where none can be had."""
    as_root = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    script = f'mount -t tmpfs -o size={mib}m none "$1" && exec "$2" -m {module} "$1"'
    command = ["unshare", *as_root, "--mount", "sh", "-c", script, "sh", str(folder), sys.executable]
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, cwd=ROOT)
    if re.search(r"^(unshare|mount): .*(not permitted|denied)", done.stderr, re.MULTILINE):
        pytest.skip("this machine lets nobody mount a file system")
    assert done.returncode == 0, done.stderr
    return done.stdout


def fill(file: Path) -> None:
    """Take every byte that is left on the file's disk."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for size in (65_536, 4096, 1):
        try:
            while True:
                os.write(descriptor, bytes(size))
        except OSError:
            pass
    os.close(descriptor)

"""What an ingest process loads: memory per camera is a promise (docs/bench.md)."""

import subprocess
import sys

HEAVY = ("av", "numpy", "aiohttp", "cryptography")


def test_recording_needs_neither_libav_nor_an_http_client() -> None:
    script = "import sys, appliance.ingest.unit; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert not set(HEAVY) & set(done.stdout.split())

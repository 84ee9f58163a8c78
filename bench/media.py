"""Group media: what the container costs, and how fast a recorded range is served beside a plain file."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from appliance.cameras.model import Camera, Source
from appliance.core.config import ConfigStore
from bench.recorded import Recorded, record
from bench.results import Figure, at_least, at_most, median_of, stated
from hwtests.appliance import Appliance, to_text

MINUTES = 10
ROUNDS = 7
CAMERA = "bench"
TIMEOUT_S = 120


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Something to download. pid: of the server; arguments: what curl needs for it."""

    url: str
    pid: int
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Download:
    """One download: MB/s from the connection to the last byte, the server's CPU seconds per GB, s to the first byte."""

    size: int
    mb_per_s: float
    cpu_s_per_gb: float
    first_byte_s: float


def download(endpoint: Endpoint, keep: Path = Path(os.devnull)) -> Download:
    """GET it with curl on a connection of its own; raises RuntimeError where the answer is not 200."""
    server = psutil.Process(endpoint.pid)
    cpu_before = sum(server.cpu_times()[:2])
    told = "%{http_code} %{size_download} %{time_total} %{time_starttransfer}"
    command = ["curl", "-s", "-m", str(TIMEOUT_S), "-o", str(keep), "-w", told, *endpoint.arguments, endpoint.url]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode or not done.stdout.startswith("200 "):
        raise RuntimeError(f"{endpoint.url}: curl ended with {done.returncode}, {done.stdout}")
    size, wall_s, first_s = (float(word) for word in done.stdout.split()[1:])
    cpu_s = sum(server.cpu_times()[:2]) - cpu_before
    return Download(int(size), size / wall_s / 1e6, cpu_s / size * 1e9, first_s)


@contextmanager
def plain_server(file: Path, tls_folder: Path) -> Iterator[list[Endpoint]]:
    """A plain file three ways: FileResponse over TLS, in pieces over TLS, sendfile in the clear."""
    command = [sys.executable, "-m", "bench.plain_server", str(file)]
    command += [str(tls_folder / "server.pem"), str(tls_folder / "server.key")]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    try:
        tls_port, port = server.stdout.readline().split()
        trust = _trust(tls_folder)
        yield [
            Endpoint(f"https://localhost:{tls_port}/file", server.pid, trust),
            Endpoint(f"https://localhost:{tls_port}/pieces", server.pid, trust),
            Endpoint(f"http://localhost:{port}/file", server.pid),
        ]
    finally:
        server.kill()
        server.wait()


def _trust(tls_folder: Path) -> tuple[str, ...]:
    return ("--cacert", str(tls_folder / "ca.pem"))


def _range(folder: Path, made: Recorded) -> list[Figure]:
    with Appliance.start(folder, shards=1) as appliance:
        port = appliance.url.rstrip("/").rsplit(":", 1)[1]
        path = f"/api/v1/cameras/{CAMERA}/media.mp4?start={to_text(made.start_us)}&end={to_text(made.end_us)}"
        token = ("-H", f"Authorization: Bearer {appliance.api.token}")
        ours = Endpoint(
            f"https://localhost:{port}{path}", appliance.unit_pids()["api"], (*_trust(folder / "tls"), *token)
        )
        file = folder / "plain.mp4"
        download(ours, keep=file)
        with plain_server(file, folder / "tls") as plain:
            for warm in plain:
                download(warm)
            rounds = [[download(endpoint) for endpoint in (ours, *plain)] for _ in range(ROUNDS)]
    return _range_figures(rounds)


def _range_figures(rounds: list[list[Download]]) -> list[Figure]:
    """A round: ours, FileResponse over TLS, in pieces over TLS, sendfile in the clear. The faster TLS peer counts."""
    speed = [median_of([r[n].mb_per_s for r in rounds]) for n in range(4)]
    cpu = [median_of([r[n].cpu_s_per_gb for r in rounds]) for n in range(4)]
    ratio = median_of([r[0].mb_per_s / max(r[1].mb_per_s, r[2].mb_per_s) for r in rounds])
    method = (
        f"{MINUTES} minutes ({rounds[0][0].size / 1e6:.0f} MB) by the api unit over HTTPS: {speed[0]:.0f} MB/s; the "
        f"same bytes as a plain file over the same TLS stack: {speed[1]:.0f} MB/s by aiohttp's FileResponse, "
        f"{speed[2]:.0f} MB/s in pieces of 1 MiB, of which the faster is the peer; median of {ROUNDS} rounds in turn, "
        f"curl on loopback, page cache warm; server CPU {cpu[0]:.2f}, {cpu[1]:.2f}, {cpu[2]:.2f} s per GB; first byte "
        f"after {median_of([r[0].first_byte_s for r in rounds]) * 1000:.0f} ms"
    )
    clear = f"the same file by sendfile(2) over plain HTTP, no TLS, same client; server CPU {cpu[3]:.2f} s per GB"
    return [
        at_least("media.range_vs_sendfile", ratio, "×", 0.8, method),
        stated("media.sendfile_without_tls", speed[3], "MB/s", clear),
    ]


def _overhead(made: Recorded) -> Figure:
    containers = made.file_bytes - made.sample_bytes
    with_index = (containers + made.index_bytes) / made.elementary_bytes
    method = (
        f"{MINUTES} minutes of 4 Mbit/s at 2 s GOP, {made.elementary_bytes / 1e6:.0f} MB of byte stream: every byte "
        f"of the segments that is not picture data; with the index {with_index:.3%}"
    )
    return at_most("media.overhead_percent", 100 * containers / made.elementary_bytes, "%", 0.5, method)


def run() -> list[Figure]:
    """Record ten minutes, weigh the files, serve them."""
    with tempfile.TemporaryDirectory(prefix="gatehouse-bench-") as name:
        folder = Path(name)
        with ConfigStore(folder / "config") as store:
            camera = Camera(id=CAMERA, name="Bench", enabled=False, source=Source(url="rtsp://127.0.0.1:9/none"))
            store.table("cameras", Camera).put(camera, actor="bench")
        made = record(folder / "volumes" / "main", CAMERA, MINUTES)
        return [_overhead(made), *_range(folder, made)]

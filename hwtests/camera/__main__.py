"""`python -m hwtests.camera`: serve simulated cameras until interrupted."""

import argparse
import asyncio
import logging
import signal
from pathlib import Path

from hwtests.camera.config import CameraConfig, SimulatorConfig, load
from hwtests.camera.simulator import CameraSimulator
from hwtests.demo import DEMO_CAMERAS


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m hwtests.camera", description="Serve simulated cameras over RTSP.")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen at")
    parser.add_argument("--port", type=int, default=8554, help="RTSP port")
    parser.add_argument("--tls-port", type=int, help="RTSPS port, with a certificate made at start")
    parser.add_argument("--http-port", type=int, help="port of M-JPEG over HTTP, /mjpeg/NAME")
    parser.add_argument("--control-port", type=int, help="port of the control API, on loopback only")
    parser.add_argument("--footage", help="a folder of .mp4 files to play behind the code instead of drawn scenes")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--cameras", type=Path, help="a TOML (or JSON) file with [[camera]] tables")
    which.add_argument("--demo", action="store_true", help="the four cameras of the demo site")
    which.add_argument("--many", type=int, help="that many cameras, cam1 and so on, for the price of one encoder")
    return parser.parse_args()


def _cameras(arguments: argparse.Namespace) -> tuple[CameraConfig, ...]:
    if arguments.cameras:
        return load(arguments.cameras)
    if arguments.many:
        return tuple(CameraConfig(name=f"cam{i + 1}", title="Simulated camera") for i in range(arguments.many))
    return DEMO_CAMERAS


async def _serve(config: SimulatorConfig) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    async with CameraSimulator(config) as simulator:
        for name in simulator.cameras:
            print(simulator.url(name), flush=True)
        await ended.wait()


def main() -> None:
    """Serve what the arguments ask for."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    arguments = _arguments()
    config = SimulatorConfig(
        cameras=_cameras(arguments),
        host=arguments.host,
        port=arguments.port,
        tls_port=arguments.tls_port,
        http_port=arguments.http_port,
        control_port=arguments.control_port,
        footage=arguments.footage,
    )
    asyncio.run(_serve(config))


if __name__ == "__main__":
    main()

"""The real Mosquitto as a child of the bus unit."""

import asyncio
import ctypes
import logging
import os
import pwd
import shutil
import signal
from collections.abc import Sequence
from pathlib import Path

from appliance.bus.identities import access_list, password_file
from appliance.core.errors import ProblemError
from appliance.core.paths import Paths

log = logging.getLogger(__name__)

PR_SET_PDEATHSIG = 1
STOP_TIMEOUT_S = 5
_libc = ctypes.CDLL(None, use_errno=True)


def write_configuration(paths: Paths, units: Sequence[str]) -> Path:
    """Write mosquitto.conf beside its socket, with its password file and access list; returns its path."""
    folder = paths.bus_socket.parent
    paths.bus_identities.mkdir(mode=0o700, parents=True, exist_ok=True)  # an installer has made it for several users
    _write(folder / "passwords", password_file(paths.bus_credential, units))
    _write(folder / "access", access_list(units))
    configuration = folder / "mosquitto.conf"
    _write(configuration, _configuration(folder, paths.bus_socket))
    return configuration


def _configuration(folder: Path, socket: Path) -> str:
    user = pwd.getpwuid(
        os.getuid()
    ).pw_name  # started as root, mosquitto would become user mosquitto and lose its files
    return (
        f"listener 0 {socket}\n"
        f"user {user}\n"
        "allow_anonymous false\n"
        f"password_file {folder / 'passwords'}\n"
        f"acl_file {folder / 'access'}\n"
        "persistence false\n"
        "max_packet_size 1048576\n"
        "max_queued_messages 10000\n"
        "max_keepalive 60\n"
        "log_dest stderr\nlog_type error\nlog_type warning\nlog_type notice\nconnection_messages false\n"
    )


def _write(path: Path, text: str) -> None:
    """Replace a file as one step. Where the disk takes none, the one of before serves; raises OSError without one."""
    partial = path.with_name(path.name + ".new")
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
        partial.rename(path)
    except OSError as error:
        if not path.exists():
            raise
        log.error("%s cannot be written, the one of before serves: %s", path.name, error.strerror)


def mosquitto_program() -> str:
    """Where Debian puts it; raises ProblemError when it is not installed."""
    found = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise ProblemError(
            "no-mosquitto",
            "The broker Mosquitto is not installed",
            remedy="Install Debian's package mosquitto (scripts/setup.sh does).",
            status=500,
        )
    return found


async def run_broker(configuration: Path, socket: Path) -> None:
    """Run it until it ends (raises ProblemError) or until cancelled (it is stopped); it dies with this process."""
    await asyncio.to_thread(socket.unlink, missing_ok=True)
    own = {name: value for name, value in os.environ.items() if name != "NOTIFY_SOCKET"}  # the unit alone says READY
    process = await asyncio.create_subprocess_exec(
        mosquitto_program(), "-c", str(configuration), env=own, preexec_fn=_die_with_parent
    )
    try:
        status = await process.wait()
    except asyncio.CancelledError:
        await _stop(process)
        raise
    raise ProblemError(
        "broker-ended", f"Mosquitto ended with status {status}", remedy="It is started again by itself.", status=500
    )


async def _stop(process: asyncio.subprocess.Process) -> None:
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOP_TIMEOUT_S)
    except TimeoutError:
        process.kill()
        await process.wait()


def _die_with_parent() -> None:
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)

"""A Debian machine in a container that systemd boots, with the packed appliance installed as its guide says."""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from hwtests.appliance import wait_for

TREE = Path(__file__).parents[2]
BASE = TREE / ".cache" / "systemd-root"
PACKAGES = "systemd,systemd-sysv,dbus,mosquitto,python3,python3-venv"
INSIDE = ("env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8")
BOOT_TIMEOUT_S = 60
BUILD_TIMEOUT_S = 1800
INSTALL_TIMEOUT_S = 600
STATE = Path("var/lib/gatehouse")


def missing() -> str | None:
    """Why no such machine can be had here; None where it can."""
    if os.geteuid() != 0:
        return "a container is booted by root alone"
    absent = [program for program in ("systemd-nspawn", "mmdebstrap", "nsenter") if shutil.which(program) is None]
    return f"not installed: {', '.join(absent)}" if absent else None


def packed() -> Path:
    """The archive of what is installed, built from the last commit."""
    subprocess.run([TREE / "image" / "pack.sh"], check=True, timeout=BUILD_TIMEOUT_S, stdout=subprocess.DEVNULL)
    return next((TREE / "image" / "out").glob("gatehouse-*.tar.gz"))


def base() -> Path:
    """A minimal Debian 12 with the packages the appliance takes from Debian; made once."""
    if not BASE.exists():
        partial = BASE.with_name(BASE.name + ".new")
        shutil.rmtree(partial, ignore_errors=True)
        partial.parent.mkdir(exist_ok=True)
        command = ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={PACKAGES}", "bookworm", str(partial)]
        subprocess.run(command, check=True, timeout=BUILD_TIMEOUT_S)
        partial.rename(BASE)
    return BASE


class Machine:
    """A booted container. It shares the network of this machine, so that cameras reach it and we reach its port."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.state = root / STATE
        self._container: subprocess.Popen[bytes] | None = None

    @classmethod
    @contextmanager
    def installed(cls, root: Path, settings: dict[str, str]) -> Iterator[Self]:
        """Make a root, unpack the appliance there, boot, install, and power off at the end."""
        subprocess.run(["cp", "-a", "--reflink=auto", base().resolve(), root], check=True, timeout=BUILD_TIMEOUT_S)
        machine = cls(root)
        try:
            subprocess.run(["tar", "-xzf", packed(), "-C", root], check=True, timeout=BUILD_TIMEOUT_S)
            text = "".join(f"{name}={value}\n" for name, value in settings.items())
            (root / "etc" / "default" / "gatehouse").write_text(text)
            machine.boot()
            machine.run("/opt/gatehouse/install.sh", timeout_s=INSTALL_TIMEOUT_S)
            yield machine
        finally:
            machine.power_off()
            shutil.rmtree(root, ignore_errors=True)  # hundreds of MiB, which pytest would keep

    def boot(self) -> None:
        """Boot, and wait until every unit that belongs to the boot has been started."""
        options = ("--boot", "--quiet", "--register=no", "--keep-unit", "--link-journal=no", "--resolv-conf=off")
        command = ["systemd-nspawn", *options, "--console=pipe", "-D", str(self.root)]
        with self.root.with_name(self.root.name + ".console").open("ab") as console:
            self._container = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=console, stderr=console)
        wait_for(lambda: self._state() in ("running", "degraded"), BOOT_TIMEOUT_S, "the container to boot")

    def power_off(self) -> None:
        """Power off in good order; harmless where it does not run."""
        if self._container is None:
            return
        self._container.send_signal(signal.SIGTERM)  # which systemd-nspawn takes so
        try:
            self._container.wait(BOOT_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._container.kill()
            self._container.wait()
        self._container = None

    def _state(self) -> str:
        try:
            return self.run("systemctl", "is-system-running", check=False)
        except ProcessLookupError:
            return "absent"

    def run(self, *command: str, check: bool = True, timeout_s: float = 60) -> str:
        """What a command of root prints in the container."""
        leader = self._leader()
        done = subprocess.run(
            ["nsenter", "--all", f"--target={leader}", *INSIDE, *command],
            text=True,
            capture_output=True,
            timeout=timeout_s,
            check=False,
        )
        if check and done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: {done.stdout}{done.stderr}")
        return done.stdout.strip()

    def inside(self, unit: str, user: str, script: str) -> bool:
        """Whether a shell script succeeds where a unit is: with its mounts, as that user with its groups."""
        as_user = ("setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups")
        there = ("nsenter", "--mount", f"--target={self.main_pid(unit)}", "--wd=/")
        return self.run(*there, *as_user, "sh", "-c", f"({script}) && echo done", check=False).endswith("done")

    def as_user(self, user: str, script: str) -> bool:
        """Whether a shell script succeeds as that user, on all of the machine."""
        as_user = ("setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups")
        return self.run(*as_user, "sh", "-c", f"({script}) && echo done", check=False).endswith("done")

    def property(self, unit: str, name: str) -> str:
        """A property of a unit, as systemd has it."""
        return self.run("systemctl", "show", "--value", f"--property={name}", unit)

    def main_pid(self, unit: str) -> int:
        """The process id of a unit, as the container counts; 0 where it does not run."""
        return int(self.property(unit, "MainPID"))

    def active(self, unit: str) -> bool:
        """Whether it runs and has said READY."""
        return self.property(unit, "ActiveState") == "active"

    def signal(self, unit: str, name: str) -> Callable[[], None]:
        """Send a signal to a unit's own process; returns a wait for its successor to be ready."""
        pid = self.main_pid(unit)
        self.run("systemctl", "kill", "--kill-who=main", f"--signal={name}", unit)

        def wait(timeout_s: float = 90) -> None:
            wait_for(lambda: self.main_pid(unit) not in (0, pid) and self.active(unit), timeout_s, f"{unit} to be back")

        return wait

    def _leader(self) -> int:
        """The container's first process: the only child of systemd-nspawn."""
        if self._container is None or self._container.poll() is not None:
            raise ProcessLookupError("the container is not running")
        own = self._container.pid
        children = Path(f"/proc/{own}/task/{own}/children").read_text().split()
        if not children:
            raise ProcessLookupError("the container is not running")
        return int(children[0])

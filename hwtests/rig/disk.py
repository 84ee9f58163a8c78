"""The emulated recorder's system disk: what is durable, and the session since the last power-on on top of it."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from hwtests.appliance import wait_for
from hwtests.rig.power_cut import Cut, Replayed, replay

LOG_BYTES = 256 << 30  # sparse; a session never writes that much
SERVER_TIMEOUT_S = 60
TOOL_TIMEOUT_S = 600


@dataclass(frozen=True, slots=True)
class DiskFiles:
    """In a rig's folder. durable: raw, sparse. session: qcow2 on top of it. log: what the session wrote.

    before: what was durable when the last session began, of which the log is.
    """

    durable: Path
    session: Path
    log: Path
    before: Path

    @classmethod
    def below(cls, folder: Path) -> "DiskFiles":
        """By their usual names."""
        return cls(folder / "disk.img", folder / "session.qcow2", folder / "session.log", folder / "before.img")


class SystemDisk:
    """The image stays untouched: its bytes are copied onto a sparse file of the disk's size."""

    def __init__(self, files: DiskFiles) -> None:
        self.files = files
        self._server: subprocess.Popen[bytes] | None = None

    def flash(self, image: Path, size_bytes: int) -> None:
        """As dd would: the image from the disk's beginning, nothing behind it. Raises OSError."""
        self.files.durable.unlink(missing_ok=True)
        copy_sparse(image, self.files.durable)
        with self.files.durable.open("r+b") as disk:
            disk.truncate(max(size_bytes, image.stat().st_size))

    def begin(self, log_socket: Path) -> None:
        """An empty session, and a server for its log; raises OSError, CalledProcessError."""
        with self.files.log.open("wb") as log:
            log.truncate(LOG_BYTES)
        backing = ("-f", "qcow2", "-F", "raw", "-b", str(self.files.durable.resolve()))
        _tool("qemu-img", "create", "-q", *backing, str(self.files.session))
        log_socket.unlink(missing_ok=True)
        # It ends with its only client, when everything that came over the socket is written.
        command = ["qemu-nbd", f"--socket={log_socket}", "--format=raw", "--cache=unsafe", str(self.files.log)]
        self._server = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        wait_for(log_socket.exists, SERVER_TIMEOUT_S, "the server of the write log")

    def end(self, cut: Cut) -> Replayed:
        """The session's client is gone: what the cut leaves becomes durable. The log stays until the next session."""
        assert self._server is not None, "no session was begun"
        self._server.wait(SERVER_TIMEOUT_S)
        self._server = None
        copy_sparse(self.files.durable, self.files.before)
        self.files.session.unlink()
        return replay(self.files.log, self.files.durable, cut)

    def findings(self) -> list[str]:
        """What a check of the data partition finds on what is durable."""
        return findings(self.files.durable)

    def findings_at(self, upto: int, cut: Cut) -> list[str]:
        """The same, had the last session been cut after that many entries of its log."""
        disk = self.files.before.with_name("at.img")
        try:
            copy_sparse(self.files.before, disk)
            replay(self.files.log, disk, cut, upto)
            return findings(disk)
        finally:
            disk.unlink(missing_ok=True)

    def written_by_qemu(self) -> Path:
        """The session's disk as its program left it, as a raw file beside it; raises CalledProcessError."""
        raw = self.files.session.with_suffix(".raw")
        _tool("qemu-img", "convert", "-U", "-f", "qcow2", "-O", "raw", str(self.files.session), str(raw))
        return raw

    def abandon(self) -> None:
        """Forget the session; harmless where there is none."""
        if self._server is not None:
            self._server.kill()
            self._server.wait()
            self._server = None


def copy_sparse(source: Path, target: Path) -> None:
    """A copy whose zeros take no room; raises CalledProcessError."""
    _tool("cp", "--sparse=always", "--reflink=auto", str(source), str(target))


def same_content(one: Path, other: Path) -> bool:
    """Whether two raw disks read the same; zeros that take no room count as zeros."""
    done = subprocess.run(
        ["qemu-img", "compare", "-f", "raw", "-F", "raw", one, other],
        capture_output=True,
        timeout=TOOL_TIMEOUT_S,
        check=False,
    )
    return done.returncode == 0


def findings(disk: Path) -> list[str]:
    """What a full check of the data partition finds after its journal is replayed, on a copy; [] where all is well.

    Replaying the journal is no repair: it is what mounting does. Raises OSError, CalledProcessError.
    """
    partition = data_partition(disk)
    if partition is None:
        return []
    copy = disk.with_name(f"{disk.stem}-checked.img")
    try:
        copy_sparse(disk, copy)
        there = f"{copy}?offset={partition}"
        _e2fsck("-y", "-E", "journal_only", there)
        checked = _e2fsck("-fn", there)
        return [] if checked.returncode == 0 else [checked.stdout + checked.stderr]
    finally:
        copy.unlink(missing_ok=True)


def _e2fsck(*options: str) -> "subprocess.CompletedProcess[str]":
    """Its exit status says what it found: it is no failure."""
    return subprocess.run(
        ["e2fsck", *options],
        capture_output=True,
        text=True,
        timeout=TOOL_TIMEOUT_S,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def data_partition(disk: Path) -> int | None:
    """Where the data partition begins, in bytes; None where it is not made yet, or has no file system yet."""
    found = partitions(disk).get("gatehouse-data")
    if found is None:
        return None
    with disk.open("rb") as file:
        file.seek(found.offset + 1024 + 0x38)
        return found.offset if file.read(2) == b"\x53\xef" else None


@dataclass(frozen=True, slots=True)
class Partition:
    """In bytes of the disk."""

    offset: int
    size: int


def partitions(disk: Path, sector: int = 512) -> dict[str, Partition]:
    """The primary GPT's partitions by name (UEFI 2.10, 5.3); {} where there is none."""
    with disk.open("rb") as file:
        file.seek(sector)
        head = file.read(92)
        if head[:8] != b"EFI PART":
            return {}
        file.seek(int.from_bytes(head[72:80], "little") * sector)
        count, size = int.from_bytes(head[80:84], "little"), int.from_bytes(head[84:88], "little")
        entries = [file.read(size) for _ in range(min(count, 1024))]
    return {
        entry[56:128].decode("utf-16-le").rstrip("\0"): _partition(entry, sector)
        for entry in entries
        if any(entry[:16])
    }


def _partition(entry: bytes, sector: int) -> Partition:
    first, last = (int.from_bytes(entry[at : at + 8], "little") for at in (32, 40))
    return Partition(first * sector, (last - first + 1) * sector)


def _tool(*command: str) -> None:
    assert shutil.which(command[0]), f"{command[0]} is not installed"
    subprocess.run(command, check=True, timeout=TOOL_TIMEOUT_S, capture_output=True)

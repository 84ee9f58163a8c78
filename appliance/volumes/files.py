"""Durable files: what is written, synced and renamed so that a power cut leaves whole things behind."""

import os
from collections.abc import Sequence
from pathlib import Path

MOST_BUFFERS = 1024  # IOV_MAX of Linux

Buffer = bytes | bytearray


class AppendFile:
    """A file that only grows. It is created by its first append; after an error it takes nothing more.

    After a failed append what came before it may still be synced; after a failed sync nothing unsynced may be trusted,
    for Linux drops the pages and forgets the error (fsync(2)).

    Not thread-safe: the volume's worker thread owns it. Every method raises OSError.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self.failed: OSError | None = None
        self._sync_failed: OSError | None = None
        self._descriptor = -1

    def append(self, buffers: Sequence[Buffer]) -> int:
        """Append all buffers; return the offset of the first one. A failure abandons the file at its old size."""
        if self.failed is not None:
            raise self.failed
        try:
            if self._descriptor < 0:
                self._descriptor = _create(self.path)
            written = _write_all(self._descriptor, buffers, self.size)
        except OSError as error:
            self.failed = error
            self._cut_back(error)
            raise
        offset, self.size = self.size, self.size + written
        return offset

    def sync(self) -> None:
        """Bring everything appended to the disk."""
        if self._sync_failed is not None:
            raise self._sync_failed
        if self._descriptor < 0:
            return
        try:
            os.fdatasync(self._descriptor)
        except OSError as error:
            self.failed = self._sync_failed = error
            raise

    def close(self) -> None:
        """Give the descriptor back; harmless twice."""
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            os.close(descriptor)

    def _cut_back(self, cause: OSError) -> None:
        """Remove what a failed append left behind the last whole one; recovery would do it too."""
        if self._descriptor >= 0:
            try:
                os.ftruncate(self._descriptor, self.size)
            except OSError as error:
                cause.add_note(f"and it could not be cut back: {error.strerror}")


def fsync_folder(folder: Path) -> None:
    """Make names created in, renamed in and removed from a folder durable; raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_new(path: Path, data: bytes) -> None:
    """Write a whole small file durably: temporary file, fsync, rename, fsync of the folder; raises OSError."""
    temporary = path.with_name(temporary_name(path.name))
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640)
    try:
        _write_all(descriptor, [data], 0)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    temporary.rename(path)
    fsync_folder(path.parent)


def temporary_name(name: str) -> str:
    """What `write_new` calls a file before it is whole; a power cut may leave one behind, the next write takes it."""
    return f".{name}.new"


def unlink_durably(path: Path) -> None:
    """Remove a file and sync its folder; a file that is already gone is fine. Raises OSError."""
    path.unlink(missing_ok=True)
    fsync_folder(path.parent)


def make_folders(folder: Path) -> None:
    """Create a folder and its missing parents durably; raises OSError."""
    if folder.is_dir():
        return
    make_folders(folder.parent)
    folder.mkdir(exist_ok=True)
    fsync_folder(folder.parent)


def _create(path: Path) -> int:
    make_folders(path.parent)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
    try:
        fsync_folder(path.parent)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _write_all(descriptor: int, buffers: Sequence[Buffer], offset: int) -> int:
    """pwritev everything; a short write is continued, for its error is only told by the next call."""
    start = offset
    pending: list[Buffer | memoryview] = list(buffers)
    while pending:
        written = os.pwritev(descriptor, pending[:MOST_BUFFERS], offset)
        offset += written
        pending = _rest(pending, written)
    return offset - start


def _rest(pending: list[Buffer | memoryview], written: int) -> list[Buffer | memoryview]:
    for index, buffer in enumerate(pending):
        if written < len(buffer):
            return [memoryview(buffer)[written:], *pending[index + 1 :]]
        written -= len(buffer)
    return []

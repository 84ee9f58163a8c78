"""The file of a backup: written from its parts, and read back with every part checked on the way."""

import gzip
import hashlib
import io
import os
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import msgspec

from appliance.backup.model import (
    FORMAT,
    MANIFEST,
    SPARE_BYTES,
    Manifest,
    Part,
    Summary,
    damaged_backup,
    disk_full,
    not_a_backup,
    summary_of,
)
from appliance.backup.rooms import mode_of
from appliance.backup.sealing import MAGIC, SealingWriter, UnsealingReader, is_sealed, read_summary
from appliance.core.clock import US_PER_S, from_rfc3339
from appliance.core.errors import ProblemError

LARGEST_MANIFEST_BYTES = 4 * 1024 * 1024
LARGEST_TOTAL_BYTES = 16 * 1024**3
MOST_PARTS = 20_000
COPIES = 3  # what is unpacked, what is written beside the files of now, and the backup of those
COPY_BYTES = 1 << 20
_GZIP = b"\x1f\x8b"
_UNREADABLE = (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile)


def part_of(name: str, file: Path) -> Part:
    """The entry of a file in the manifest."""
    with file.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256")
    return Part(name=name, bytes=file.stat().st_size, sha256=digest.hexdigest())


def write_archive(out: BinaryIO, manifest: Manifest, folder: Path, password: str | None) -> None:
    """Write manifest and parts, which lie below folder under their names; sealed if there is a password."""
    if password is None:
        _write_plain(out, manifest, folder)
        return
    with SealingWriter(out, password, summary_of(manifest)) as sealed:
        _write_plain(cast(BinaryIO, sealed), manifest, folder)


def _write_plain(out: BinaryIO, manifest: Manifest, folder: Path) -> None:
    made_s = from_rfc3339(manifest.made) // US_PER_S
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=out, mtime=made_s) as zipped,
        tarfile.open(fileobj=zipped, mode="w|", format=tarfile.PAX_FORMAT) as tar,
    ):
        content = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
        tar.addfile(_member(MANIFEST, len(content), made_s), io.BytesIO(content))
        for part in manifest.parts:
            with (folder / part.name).open("rb") as file:
                tar.addfile(_member(part.name, part.bytes, made_s), file)


def _member(name: str, size_bytes: int, made_s: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mtime, member.mode = size_bytes, made_s, 0o600
    return member


def check_room(folder: Path, needed_bytes: int) -> None:
    """Raise ProblemError (507) where writing that much would leave less than SPARE_BYTES."""
    stat = os.statvfs(folder)
    if stat.f_bavail * stat.f_frsize < needed_bytes + SPARE_BYTES:
        raise disk_full()


def summary_of_file(file: Path) -> tuple[bool, Summary]:
    """(sealed, summary), reading no more than the beginning; raises ProblemError, OSError."""
    with file.open("rb") as source:
        if is_sealed(source.peek(len(MAGIC))):
            return True, read_summary(source)
        with _as_tar(source) as tar:
            return False, summary_of(_manifest(tar))


def extract(source: io.BufferedReader, folder: Path, password: str | None) -> Manifest:
    """Write every part below an empty folder, synced; raises ProblemError for what is not as its manifest says.

    Nothing outside of folder is written, whatever the archive names.
    """
    with _opened(source, password) as plain, _as_tar(plain) as tar:
        manifest = _manifest(tar)
        check_room(folder, COPIES * sum(part.bytes for part in manifest.parts))
        expected = {part.name: part for part in manifest.parts}
        for member in _members(tar):
            part = expected.pop(member.name, None)
            if part is None or not member.isreg() or member.size != part.bytes:
                raise damaged_backup(f"{member.name[:80]} is not as the manifest says")
            _extract(tar, member, part, folder)
        if expected:
            raise damaged_backup(f"{next(iter(expected))} is missing")
        _to_the_end(plain)
    return manifest


@contextmanager
def _opened(source: io.BufferedReader, password: str | None) -> Iterator[io.BufferedReader]:
    """The gzip stream, unsealed if need be."""
    if not is_sealed(source.peek(len(MAGIC))):
        yield source
    elif password is None:
        raise ProblemError(
            "backup-needs-password",
            "This backup is encrypted",
            remedy="Give the password it was made with.",
            field="password",
        )
    else:
        yield io.BufferedReader(UnsealingReader(source, password), COPY_BYTES)


@contextmanager
def _as_tar(source: io.BufferedReader) -> Iterator[tarfile.TarFile]:
    if source.peek(len(_GZIP))[: len(_GZIP)] != _GZIP:
        raise not_a_backup()
    try:
        with gzip.GzipFile(fileobj=source, mode="rb") as unzipped, tarfile.open(fileobj=unzipped, mode="r|") as tar:
            yield tar
    except _UNREADABLE as error:
        raise damaged_backup(f"{type(error).__name__}") from None


def _members(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    while (member := tar.next()) is not None:
        yield member


def _manifest(tar: tarfile.TarFile) -> Manifest:
    first = tar.next()
    if first is None or first.name != MANIFEST or not first.isreg() or first.size > LARGEST_MANIFEST_BYTES:
        raise not_a_backup()
    opened = tar.extractfile(first)
    content = opened.read() if opened is not None else b""
    try:
        stated = msgspec.json.decode(content, type=dict[str, object]).get("format")
        if isinstance(stated, int) and stated > FORMAT:
            raise _too_new()
        manifest = msgspec.json.decode(content, type=Manifest)
        from_rfc3339(manifest.made)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError):
        raise damaged_backup("its manifest cannot be read") from None
    _check(manifest)
    return manifest


def _check(manifest: Manifest) -> None:
    names = [part.name for part in manifest.parts]
    if len(set(names)) != len(names) or len(names) > MOST_PARTS:
        raise damaged_backup("its manifest names a part twice, or too many")
    if foreign := [name for name in names if mode_of(name) is None]:
        raise damaged_backup(f"{foreign[0][:80]} does not belong into a backup")
    if sum(part.bytes for part in manifest.parts) > LARGEST_TOTAL_BYTES:
        raise damaged_backup("it is larger than any backup")


def _extract(tar: tarfile.TarFile, member: tarfile.TarInfo, part: Part, folder: Path) -> None:
    """The name is one of ours (_check): it leads nowhere else."""
    target, opened = folder / part.name, tar.extractfile(member)
    assert opened is not None, "a regular file"
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest, written = hashlib.sha256(), 0
    with target.open("xb") as file:
        os.fchmod(file.fileno(), 0o600)
        while piece := opened.read(COPY_BYTES):
            digest.update(piece)
            written += file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    if digest.hexdigest() != part.sha256 or written != part.bytes:
        raise damaged_backup(f"{part.name} is not as it was")


def _to_the_end(source: BinaryIO) -> None:
    """What is cut off behind the last part is cut off too: the seal's end has to be there."""
    while source.read(COPY_BYTES):
        pass


def _too_new() -> ProblemError:
    return ProblemError(
        "backup-too-new",
        "The backup was made by a newer version",
        remedy="Update this appliance first, then restore it.",
    )

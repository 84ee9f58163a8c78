"""Encryption of a backup with a password: scrypt (RFC 7914) makes the key, AES-256-GCM seals pieces of 64 KiB.

    magic line | a line of JSON: Header | pieces, each 65536 bytes (the last one fewer) and a tag of 16

The nonce of a piece is the header's prefix (7 bytes), the piece's number (4) and whether it is the last (1): a piece
that is changed, moved, left out or cut off is found (the STREAM construction, Hoang et al. 2015). Every tag covers the
header too.
"""

import base64
import io
import secrets
from typing import BinaryIO

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from appliance.backup.model import Summary, damaged_backup, not_a_backup
from appliance.core.errors import ProblemError

MAGIC = b"gatehouse sealed backup 1\n"
PIECE_BYTES = 65536
TAG_BYTES = 16
COST_LOG2, BLOCK_SIZE, PARALLEL = 15, 8, 1  # 32 MiB and a tenth of a second
MOST_COST_LOG2 = 18  # what a file may ask of us: 256 MiB
LONGEST_HEADER_BYTES = 64 * 1024
SHORTEST_PASSWORD, LONGEST_PASSWORD = 8, 1000


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Readable by all. salt, prefix: base64."""

    summary: Summary
    salt: str
    prefix: str
    cost_log2: int = COST_LOG2


class SealingWriter(io.RawIOBase):
    """A stream whose bytes go sealed into another. close() seals the last piece and leaves the other open."""

    def __init__(self, out: BinaryIO, password: str, summary: Summary) -> None:
        salt, self._prefix = secrets.token_bytes(16), secrets.token_bytes(7)
        header = Header(
            summary=summary, salt=base64.b64encode(salt).decode(), prefix=base64.b64encode(self._prefix).decode()
        )
        self._associated = msgspec.json.encode(header)
        self._cipher = AESGCM(_key(password, salt, COST_LOG2))
        self._out = out
        self._waiting = bytearray()
        self._number = 0
        out.write(MAGIC + self._associated + b"\n")

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, data: "bytes | bytearray | memoryview") -> int:  # type: ignore[override]
        """Takes all of it."""
        self._waiting += data
        while len(self._waiting) > PIECE_BYTES:  # a full piece waits: it may be the last
            self._seal(bytes(self._waiting[:PIECE_BYTES]), last=False)
            del self._waiting[:PIECE_BYTES]
        return len(data)

    def close(self) -> None:
        """The end is part of what is sealed."""
        if not self.closed:
            self._seal(bytes(self._waiting), last=True)
            super().close()

    def _seal(self, piece: bytes, *, last: bool) -> None:
        nonce = _nonce(self._prefix, self._number, last)
        self._out.write(self._cipher.encrypt(nonce, piece, self._associated))
        self._number += 1


class UnsealingReader(io.RawIOBase):
    """The bytes that were sealed; raises ProblemError where they are not what they were."""

    def __init__(self, source: BinaryIO, password: str) -> None:
        line, header = _read_header(source)
        self._associated = line
        try:
            salt, self._prefix = (
                base64.b64decode(header.salt, validate=True),
                base64.b64decode(header.prefix, validate=True),
            )
        except ValueError:
            raise not_a_backup() from None
        if not 1 <= header.cost_log2 <= MOST_COST_LOG2 or len(salt) != 16 or len(self._prefix) != 7:
            raise not_a_backup()
        self._cipher = AESGCM(_key(password, salt, header.cost_log2))
        self._source = source
        self._ahead = source.read(PIECE_BYTES + TAG_BYTES)
        self._plain = b""
        self._number = 0
        self._ended = False

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]
        """At most what is left of a piece."""
        while not self._plain and not self._ended:
            self._open_next()
        count = min(len(buffer), len(self._plain))
        buffer[:count] = self._plain[:count]
        self._plain = self._plain[count:]
        return count

    def _open_next(self) -> None:
        piece, self._ahead = self._ahead, self._source.read(PIECE_BYTES + TAG_BYTES)
        last = not self._ahead
        try:
            self._plain = self._cipher.decrypt(_nonce(self._prefix, self._number, last), piece, self._associated)
        except InvalidTag:
            raise (_wrong_password() if self._number == 0 else damaged_backup("a piece is not as it was")) from None
        self._number += 1
        self._ended = last


def is_sealed(start: bytes) -> bool:
    """Whether a file that begins like this is sealed."""
    return start.startswith(MAGIC)


def read_summary(source: BinaryIO) -> Summary:
    """What a sealed file tells without its password; raises ProblemError."""
    return _read_header(source)[1].summary


def check_password(password: str) -> None:
    """Raise ProblemError for one that would be found by trying."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise ProblemError(
            "weak-password",
            f"The password of a backup has from {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters",
            remedy="Take several words that do not belong together, and keep them somewhere else.",
            field="password",
        )


def _read_header(source: BinaryIO) -> tuple[bytes, Header]:
    if source.read(len(MAGIC)) != MAGIC:
        raise not_a_backup()
    line = source.readline(LONGEST_HEADER_BYTES)
    if not line.endswith(b"\n"):
        raise damaged_backup("its header is cut off")
    try:
        return line[:-1], msgspec.json.decode(line, type=Header)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise not_a_backup() from None


def _key(password: str, salt: bytes, cost_log2: int) -> bytes:
    return Scrypt(salt=salt, length=32, n=1 << cost_log2, r=BLOCK_SIZE, p=PARALLEL).derive(
        password.encode(errors="replace")
    )


def _nonce(prefix: bytes, number: int, last: bool) -> bytes:
    return prefix + number.to_bytes(4, "big") + bytes([last])


def _wrong_password() -> ProblemError:
    return ProblemError(
        "wrong-backup-password",
        "The password does not open this backup, or its beginning is damaged",
        remedy="Type the password it was made with.",
        status=403,
        field="password",
    )

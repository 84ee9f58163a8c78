"""The audit log: who changed what, and with what outcome; every entry is chained to the one before by its hash.

hash(n) = SHA-256(hash(n - 1) + JSON of entry n). A changed, removed or inserted entry breaks the chain, and SQLite's
own sequence tells when the newest ones were cut off.
"""

import hashlib
from collections.abc import Collection, Iterator
from pathlib import Path

import apsw
import msgspec

from appliance.core.clock import Clock, to_rfc3339
from appliance.db.thread import DatabaseThread

MIGRATIONS = (
    """CREATE TABLE entry (
         number INTEGER PRIMARY KEY AUTOINCREMENT,
         content BLOB NOT NULL,
         hash BLOB NOT NULL
       ) STRICT""",
)
PAGE = 1000
_ORIGIN = bytes(32)


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One state-changing call.

    actor: the user or token; via: session, token or nothing; address: where the call came from. action is the route's
    word, subject what it touched. outcome is "done", or the problem's code.
    """

    number: int
    time: str
    actor: str
    via: str
    address: str
    action: str
    subject: str
    outcome: str


class AuditCheck(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the chain holds. first_fault: the first entry that is not as it was written."""

    intact: bool
    entries: int
    head: str
    first_fault: int | None


class AuditLog:
    """Appends and reads. An entry is durable before the call it describes is answered."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._db = DatabaseThread(path, MIGRATIONS)
        self._clock = clock

    async def open(self) -> None:
        """Open the file."""
        await self._db.open()

    async def close(self) -> None:
        """Close the file."""
        await self._db.close()

    async def note(self, *, actor: str, via: str, address: str, action: str, subject: str, outcome: str) -> None:
        """Append one entry. Whoever calls this passes no secrets."""
        time = to_rfc3339(self._clock.now_us())

        def append(db: apsw.Connection) -> None:
            number, before = _head(db)
            entry = AuditEntry(
                number=number + 1,
                time=time,
                actor=actor,
                via=via,
                address=address,
                action=action,
                subject=subject,
                outcome=outcome,
            )
            content = msgspec.json.encode(entry)
            db.execute(
                "INSERT INTO entry (number, content, hash) VALUES (?, ?, ?)",
                (entry.number, content, _chained(before, content)),
            )

        await self._db.call(append)

    async def newest(self, limit: int, before: int | None = None) -> list[AuditEntry]:
        """Entries, newest first; before: only those with a smaller number."""
        query = "SELECT content FROM entry WHERE number < ? ORDER BY number DESC LIMIT ?"
        rows = await self._db.call(lambda db: list(db.execute(query, (before or (1 << 62), limit))))
        return [msgspec.json.decode(bytes(content), type=AuditEntry) for (content,) in rows]

    async def last_of(self, actions: Collection[str]) -> AuditEntry | None:
        """The newest entry of these actions that was done; reads back as far as it takes."""
        before: int | None = None
        while page := await self.newest(PAGE, before):
            for entry in page:
                if entry.action in actions and entry.outcome == "done":
                    return entry
            before = page[-1].number
        return None

    async def maintain(self) -> None:
        """Once a day or so."""
        await self._db.maintain()

    async def check(self) -> AuditCheck:
        """Walk the whole chain."""
        return await self._db.call(check_chain)


def _chained(before: bytes, content: bytes) -> bytes:
    return hashlib.sha256(before + content).digest()


def _head(db: apsw.Connection) -> tuple[int, bytes]:
    for number, chained in db.execute("SELECT number, hash FROM entry ORDER BY number DESC LIMIT 1"):
        return int(number), bytes(chained)
    return 0, _ORIGIN


def check_chain(db: apsw.Connection) -> AuditCheck:
    """Walk the whole chain of an open file."""
    expected, before = 0, _ORIGIN
    for number, content, chained in _entries(db):
        expected += 1
        before = _chained(before, content)
        if number != expected or chained != before:
            return AuditCheck(intact=False, entries=expected, head=before.hex(), first_fault=expected)
    (ever,) = next(iter(db.execute("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'entry'")))
    cut_off = expected + 1 if ever != expected else None
    return AuditCheck(intact=cut_off is None, entries=expected, head=before.hex(), first_fault=cut_off)


def _entries(db: apsw.Connection) -> Iterator[tuple[int, bytes, bytes]]:
    for number, content, chained in db.execute("SELECT number, content, hash FROM entry ORDER BY number"):
        yield int(number), bytes(content), bytes(chained)

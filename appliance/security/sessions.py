"""Sessions of people who signed in: kept here, named by a random token that only its hash is stored of."""

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

import apsw

from appliance.core.clock import US_PER_S, Clock
from appliance.core.events import new_id
from appliance.db.thread import DatabaseThread

TOKEN_BYTES = 32
IDLE_S = 12 * 3600
ABSOLUTE_S = 7 * 86_400
SEEN_STORED_EVERY_S = 60
MOST_PER_USER = 32


@dataclass(slots=True, eq=False)
class Session:
    """One browser of one user. Times are UTC microseconds."""

    id: str
    token_hash: bytes
    username: str
    made_us: int
    seen_us: int
    stored_us: int = 0
    sockets: int = 0  # open WebSockets: somebody is watching
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def expires_us(self) -> int:
        """When it ends unless it is used before."""
        return min(self.seen_us + IDLE_S * US_PER_S, self.made_us + ABSOLUTE_S * US_PER_S)


class Sessions:
    """Every session, in memory and in the database: signing out is at once and for good.

    A full disk keeps nobody from using a session: only signing in and out need the database to take something.
    """

    def __init__(self, db: DatabaseThread, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._by_hash: dict[bytes, Session] = {}

    async def load(self) -> None:
        """Read the database; what has expired is dropped from it."""
        query = "SELECT id, token_hash, username, made_us, seen_us FROM session"
        rows = await self._db.call(lambda db: list(db.execute(query)))
        for session_id, token_hash, username, made_us, seen_us in rows:
            session = Session(session_id, bytes(token_hash), username, made_us, seen_us, stored_us=seen_us)
            self._by_hash[session.token_hash] = session
        await self.expire()

    async def start(self, username: str, replaced: str | None = None) -> str:
        """A new session; returns its token. replaced: the token the browser came with, void from now on."""
        if replaced is not None:
            await self.end(replaced)
        token, now_us = secrets.token_urlsafe(TOKEN_BYTES), self._clock.now_us()
        session = Session(new_id(now_us), _hashed(token), username, now_us, now_us, stored_us=now_us)
        row = (session.id, session.token_hash, username, now_us, now_us)
        await self._db.call(lambda db: db.execute("INSERT INTO session VALUES (?, ?, ?, ?, ?)", row))
        self._by_hash[session.token_hash] = session
        own = sorted((s for s in self._by_hash.values() if s.username == username), key=lambda s: s.made_us)
        if surplus := own[:-MOST_PER_USER]:
            await self._db.call(self._forgotten(surplus))
        return token

    async def find(self, token: str) -> Session | None:
        """The live session of a token, which counts as used now."""
        session = self._by_hash.get(_hashed(token))
        if session is None:
            return None
        now_us = self._clock.now_us()
        if now_us >= session.expires_us():
            await self._db.attempt(self._forgotten([session]))
            return None
        await self._seen(session, now_us)
        return session

    async def end(self, token: str) -> None:
        """Sign out; a token that is no session is no error."""
        session = self._by_hash.get(_hashed(token))
        if session is not None:
            await self._db.call(self._forgotten([session]))

    async def expire(self) -> None:
        """Drop what has expired; an open WebSocket counts as use. Call it about once a minute."""
        now_us = self._clock.now_us()
        for session in tuple(self._by_hash.values()):
            if session.sockets and now_us < session.expires_us():
                await self._seen(session, now_us)
        if expired := [s for s in self._by_hash.values() if now_us >= s.expires_us()]:
            await self._db.attempt(self._forgotten(expired))

    async def _seen(self, session: Session, now_us: int) -> None:
        session.seen_us = max(session.seen_us, now_us)
        if session.seen_us - session.stored_us >= SEEN_STORED_EVERY_S * US_PER_S:
            session.stored_us = session.seen_us
            row = (session.seen_us, session.id)
            await self._db.attempt(lambda db: db.execute("UPDATE session SET seen_us = ? WHERE id = ?", row))

    def _forgotten(self, sessions: list[Session]) -> Callable[[apsw.Connection], object]:
        """End sessions at once; returns the work that removes them from the database."""
        for session in sessions:
            self._by_hash.pop(session.token_hash, None)
            session.ended.set()
        ids = [(session.id,) for session in sessions]
        return lambda db: db.executemany("DELETE FROM session WHERE id = ?", ids)


def csrf_of(token: str) -> str:
    """The value that state-changing requests of a session repeat in X-CSRF-Token: only our page can know it."""
    return hmac.new(token.encode(), b"csrf", hashlib.sha256).hexdigest()


def _hashed(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="replace")).digest()

"""API tokens for programs: shown once, stored as a hash, with a role of their own."""

import asyncio
import hashlib
import secrets
from dataclasses import dataclass, field

from appliance.core.clock import US_PER_S, Clock
from appliance.core.errors import ProblemError
from appliance.core.events import new_id
from appliance.db.thread import DatabaseThread
from appliance.security.roles import Role

PREFIX = "gatehouse_"  # so that scanners for leaked secrets know one when they see it
TOKEN_BYTES = 32
MOST_TOKENS = 100
USED_STORED_EVERY_S = 3600


@dataclass(slots=True, eq=False)
class Token:
    """A token without its secret. Times are UTC microseconds."""

    id: str
    token_hash: bytes
    name: str
    role: Role
    made_by: str
    made_us: int
    used_us: int | None = None
    ended: asyncio.Event = field(default_factory=asyncio.Event)


class Tokens:
    """Every token, in memory and in the database."""

    def __init__(self, db: DatabaseThread, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._by_hash: dict[bytes, Token] = {}

    async def load(self) -> None:
        """Read the database."""
        query = "SELECT id, token_hash, name, role, made_by, made_us, used_us FROM token"
        for token_id, token_hash, name, role, made_by, made_us, used_us in await self._db.call(
            lambda db: list(db.execute(query))
        ):
            token = Token(token_id, bytes(token_hash), name, Role(role), made_by, made_us, used_us)
            self._by_hash[token.token_hash] = token

    def all(self) -> list[Token]:
        """Every token, oldest first."""
        return sorted(self._by_hash.values(), key=lambda token: token.made_us)

    async def make(self, name: str, role: Role, made_by: str) -> tuple[Token, str]:
        """A new token and its secret, which is nowhere from now on but with the caller."""
        if len(self._by_hash) >= MOST_TOKENS:
            raise ProblemError(
                "too-many-tokens", f"There are {MOST_TOKENS} tokens", remedy="Delete those nobody uses.", status=409
            )
        secret, now_us = PREFIX + secrets.token_urlsafe(TOKEN_BYTES), self._clock.now_us()
        token = Token(new_id(now_us), _hashed(secret), name, role, made_by, now_us)
        row = (token.id, token.token_hash, name, role.value, made_by, now_us, None)
        await self._db.call(lambda db: db.execute("INSERT INTO token VALUES (?, ?, ?, ?, ?, ?, ?)", row))
        self._by_hash[token.token_hash] = token
        return token, secret

    async def find(self, secret: str) -> Token | None:
        """The token with this secret, which counts as used now."""
        token = self._by_hash.get(_hashed(secret))
        if token is not None:
            await self._used(token, self._clock.now_us())
        return token

    async def delete(self, token_id: str) -> bool:
        """Void a token at once; False if there is none by this id."""
        token = next((token for token in self._by_hash.values() if token.id == token_id), None)
        if token is None:
            return False
        await self._db.call(lambda db: db.execute("DELETE FROM token WHERE id = ?", (token_id,)))
        self._by_hash.pop(token.token_hash, None)
        token.ended.set()
        return True

    async def _used(self, token: Token, now_us: int) -> None:
        if token.used_us is not None and now_us - token.used_us < USED_STORED_EVERY_S * US_PER_S:
            return
        token.used_us = now_us
        await self._db.attempt(lambda db: db.execute("UPDATE token SET used_us = ? WHERE id = ?", (now_us, token.id)))


def _hashed(secret: str) -> bytes:
    return hashlib.sha256(secret.encode(errors="replace")).digest()

"""Passwords: argon2id (RFC 9106) in a small pool of threads, because one check takes 64 MiB and a tenth of a second."""

import asyncio
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from appliance.core.errors import ProblemError

SHORTEST, LONGEST = 12, 1000
THREADS = 2
MOST_WAITING = 16

T = TypeVar("T")


class Passwords:
    """Hashes and checks. At most MOST_WAITING calls wait; more are refused ("busy"): memory stays bounded."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="argon2")
        self._waiting = 0
        self._nobody = ""

    async def hash(self, password: str) -> str:
        """The hash with its parameters and salt, as it is stored."""
        return await self._run(self._hasher.hash, password)

    async def matches(self, stored: str | None, password: str) -> bool:
        """Whether the password is the one; None, for nobody by that name, takes as long as a real check."""
        if stored is None:
            self._nobody = self._nobody or await self.hash(secrets.token_urlsafe(16))
        right = await self._run(self._verified, stored or self._nobody, password)
        return right and stored is not None

    def close(self) -> None:
        """Give the threads back."""
        self._threads.shutdown(wait=False)

    def _verified(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[..., T], *arguments: str) -> T:
        if self._waiting >= MOST_WAITING:
            raise ProblemError(
                "busy", "Too many people are signing in at once", remedy="Try again in a few seconds.", status=503
            )
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)
        finally:
            self._waiting -= 1


def check_strength(password: str, username: str) -> None:
    """Raise ProblemError for a password that would be guessed first."""
    if len(password) < SHORTEST:
        raise _weak(f"The password is shorter than {SHORTEST} characters")
    if password.casefold() == username.casefold() or len(set(password)) < 4:
        raise _weak("The password is too easy to guess")


def _weak(title: str) -> ProblemError:
    return ProblemError(
        "weak-password",
        title,
        remedy="Take several words that do not belong together; length counts more than signs.",
        field="password",
    )

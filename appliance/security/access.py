"""Who is there: users, sessions, tokens, the setup code and the throttles, wired to one file."""

import secrets
from pathlib import Path
from typing import Self

import apsw

from appliance.core.clock import Clock
from appliance.core.errors import ProblemError
from appliance.db.thread import DatabaseThread
from appliance.security.device import DeviceMarks
from appliance.security.passwords import Passwords
from appliance.security.roles import Role
from appliance.security.schema import MIGRATIONS
from appliance.security.sessions import Sessions
from appliance.security.setup_code import SetupCode
from appliance.security.throttle import Throttle, network_of
from appliance.security.tokens import Tokens
from appliance.security.users import User, Users, already_set_up


class Access:
    """Signing in, setting up, and what both need. Files lie in `folder` (state/api)."""

    def __init__(self, folder: Path, clock: Clock, passwords: Passwords | None = None) -> None:
        self._clock = clock
        self._db = DatabaseThread(folder / "security.db", MIGRATIONS)
        self._passwords = passwords or Passwords()
        self.users = Users(self._db, self._passwords, clock)
        self.sessions = Sessions(self._db, clock)
        self.tokens = Tokens(self._db, clock)
        self.setup_code = SetupCode(folder / "setup-code")
        self.devices = DeviceMarks(b"")
        self._sign_ins = Throttle()
        self._setups = Throttle()

    async def open(self) -> Self:
        """Open the file and read it."""
        await self._db.open()
        await self.users.load()
        await self.sessions.load()
        await self.tokens.load()
        self.devices = DeviceMarks(await self._db.call(_device_key))
        if self.users.has_administrator:
            self.setup_code.void()
        return self

    async def close(self) -> None:
        """Close the file."""
        await self._db.close()
        self._passwords.close()

    async def maintain(self) -> None:
        """Once a day or so."""
        await self._db.maintain()

    async def set_up(self, code: str, username: str, password: str, *, address: str) -> User:
        """Make the first administrator. Raises ProblemError: wrong code, weak password, already done."""
        if self.users.has_administrator:
            raise already_set_up()
        source = network_of(address)
        self._setups.check(source, self._clock.monotonic_us())
        if not self.setup_code.matches(code):
            self._setups.failed(source, self._clock.monotonic_us())
            raise _wrong_code()
        user = await self.users.add(username, password, Role.ADMINISTRATOR, only_first=True)
        self.setup_code.void()
        return user

    async def sign_in(self, username: str, password: str, *, address: str, mark: str | None) -> User:
        """The user if the password is right; raises ProblemError "wrong-credentials" or "too-many-tries"."""
        known = mark is not None and self.devices.belongs(mark, username)
        source = f"device {mark}" if known else network_of(address)
        self._sign_ins.check(source, self._clock.monotonic_us())
        self._sign_ins.failed(source, self._clock.monotonic_us())  # until proven right: tries at once count at once
        try:
            user = await self.users.verify(username, password)
        except ProblemError:
            self._sign_ins.not_looked_at(source)
            raise
        if user is None:
            raise _wrong_credentials()
        if known:
            self._sign_ins.succeeded(source)
        else:  # who has an account must not wash away, by using it, guesses at somebody else's
            self._sign_ins.proved_right(source)
        return user


def _device_key(db: apsw.Connection) -> bytes:
    """Made once; later starts only read, so that a full disk does not keep the unit from starting."""
    for (key,) in db.execute("SELECT value FROM secret WHERE name = 'device-key'"):
        return bytes(key)
    made = secrets.token_bytes(32)
    db.execute("INSERT INTO secret VALUES ('device-key', ?)", (made,))
    return made


def _wrong_code() -> ProblemError:
    return ProblemError(
        "wrong-setup-code",
        "This is not the setup code",
        remedy="Read it from the line the appliance printed when it started.",
        status=403,
        field="code",
    )


def _wrong_credentials() -> ProblemError:
    return ProblemError(
        "wrong-credentials",
        "User name or password is wrong",
        remedy="Type both again; check the caps lock.",
        status=401,
    )

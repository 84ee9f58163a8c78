"""The people who may sign in."""

from dataclasses import dataclass

import apsw

from appliance.core.clock import Clock
from appliance.core.errors import ProblemError
from appliance.db.thread import DatabaseThread
from appliance.security.passwords import Passwords, check_strength
from appliance.security.roles import Role


@dataclass(frozen=True, slots=True)
class User:
    """A person. Names differ by more than case."""

    username: str
    role: Role
    password_hash: str


class Users:
    """Every user, in memory and in the database."""

    def __init__(self, db: DatabaseThread, passwords: Passwords, clock: Clock) -> None:
        self._db = db
        self._passwords = passwords
        self._clock = clock
        self._users: dict[str, User] = {}

    async def load(self) -> None:
        """Read the database."""
        rows = await self._db.call(lambda db: list(db.execute("SELECT username, role, password_hash FROM user")))
        self._users = {name.casefold(): User(name, Role(role), stored) for name, role, stored in rows}

    @property
    def has_administrator(self) -> bool:
        """Whether anybody may administer; until then the setup code makes the first."""
        return any(user.role is Role.ADMINISTRATOR for user in self._users.values())

    def get(self, username: str) -> User | None:
        """A user by name, in any case."""
        return self._users.get(username.casefold())

    async def add(self, username: str, password: str, role: Role, *, only_first: bool = False) -> User:
        """Make a user; raises ProblemError for a weak password or a name that is taken.

        only_first: refuse ("already-set-up", 409) if an administrator exists by the time this one is stored.
        """
        check_strength(password, username)
        user = User(username, role, await self._passwords.hash(password))
        now_us = self._clock.now_us()

        def insert(db: apsw.Connection) -> None:
            if only_first and _administrators(db):
                raise already_set_up()
            if list(db.execute("SELECT 1 FROM user WHERE folded = ?", (username.casefold(),))):
                raise _taken()
            row = (username, username.casefold(), role.value, user.password_hash, now_us)
            db.execute("INSERT INTO user VALUES (?, ?, ?, ?, ?)", row)

        await self._db.call(insert)
        self._users[username.casefold()] = user
        return user

    async def verify(self, username: str, password: str) -> User | None:
        """The user if the password is right; takes as long if there is no such user."""
        user = self.get(username)
        right = await self._passwords.matches(user.password_hash if user else None, password)
        return user if right else None


def already_set_up() -> ProblemError:
    """The setup code has served."""
    return ProblemError(
        "already-set-up", "This appliance has an administrator already", remedy="Sign in instead.", status=409
    )


def _administrators(db: apsw.Connection) -> int:
    (count,) = next(iter(db.execute("SELECT count(*) FROM user WHERE role = ?", (Role.ADMINISTRATOR.value,))))
    return int(count)


def _taken() -> ProblemError:
    return ProblemError(
        "name-taken",
        "There is a user by this name already",
        remedy="Choose another name.",
        status=409,
        field="username",
    )

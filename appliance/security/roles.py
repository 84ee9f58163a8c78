"""Who may do what: three roles, each including the ones below it."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """Administrator > operator > viewer."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMINISTRATOR = "administrator"

    def includes(self, other: "Role") -> bool:
        """Whether this role may do what the other may."""
        order = tuple(Role)
        return order.index(self) >= order.index(other)


class Via(StrEnum):
    """How a caller proved who they are."""

    NOTHING = "nothing"
    SESSION = "session"
    TOKEN = "token"  # noqa: S105 - a word, no secret


@dataclass(frozen=True, slots=True)
class Identity:
    """The caller of a request. name is what the audit log calls them; role is None for somebody not signed in.

    credential: the session's or token's public id, never its secret.
    """

    name: str
    role: Role | None
    via: Via
    credential: str = ""


ANONYMOUS = Identity("-", None, Via.NOTHING)

"""The routes of API tokens."""

from typing import Annotated

import msgspec
from msgspec import Meta

from appliance.api.problems import not_found
from appliance.api.routing import Call, Permission, Route, changing, reading
from appliance.api.services import Services
from appliance.core.clock import to_rfc3339
from appliance.security.roles import Role
from appliance.security.tokens import Token


class TokenView(msgspec.Struct, frozen=True, kw_only=True):
    """A token without its secret. used: last use, to the hour."""

    id: str
    name: str
    role: Role
    made_by: str
    made: str
    used: str | None


class TokenList(msgspec.Struct, frozen=True, kw_only=True):
    """Every token, oldest first."""

    tokens: list[TokenView]


class NewToken(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A token to make: what it is for, and what it may do."""

    name: Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")]
    role: Role


class MadeToken(msgspec.Struct, frozen=True, kw_only=True):
    """The new token; its secret is shown this once."""

    id: str
    name: str
    role: Role
    token: str


class TokenRoutes:
    """Handlers over `Tokens`."""

    def __init__(self, services: Services) -> None:
        self._tokens = services.access.tokens

    async def list(self, call: Call) -> TokenList:
        """Every token."""
        return TokenList(tokens=[_view(token) for token in self._tokens.all()])

    async def make(self, call: Call) -> MadeToken:
        """Make one."""
        new: NewToken = call.body
        token, secret = await self._tokens.make(new.name, new.role, call.actor)
        call.subject = f"{token.id} {token.name}"
        return MadeToken(id=token.id, name=token.name, role=token.role, token=secret)

    async def delete(self, call: Call) -> None:
        """Void one."""
        if not await self._tokens.delete(call.params["id"]):
            raise not_found("There is no such token", "See the list of tokens for those there are.")


def _view(token: Token) -> TokenView:
    return TokenView(
        id=token.id,
        name=token.name,
        role=token.role,
        made_by=token.made_by,
        made=to_rfc3339(token.made_us),
        used=None if token.used_us is None else to_rfc3339(token.used_us),
    )


def token_routes(services: Services) -> list[Route]:
    """The table."""
    handlers, administrator, path = TokenRoutes(services), Permission.ADMINISTRATOR, "/api/v1/tokens"
    make = "Make an API token; it is shown once"
    return [
        reading(path, administrator, handlers.list, "Every API token", TokenList),
        changing(
            f"POST {path}",
            administrator,
            handlers.make,
            make,
            "make token",
            body=NewToken,
            result=MadeToken,
            status=201,
        ),
        changing(f"DELETE {path}/{{id}}", administrator, handlers.delete, "Void an API token", "void token"),
    ]

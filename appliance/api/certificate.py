"""The routes of the server's certificate: what every client is shown anyway, and the authority to trust."""

import asyncio

import msgspec
from aiohttp import web

from appliance.api.routing import Call, Permission, Route, reading
from appliance.api.services import Services
from appliance.core.clock import to_rfc3339
from appliance.core.errors import ProblemError
from appliance.security.certificate_facts import facts_of
from appliance.security.certificates import ServerFiles

PATH = "/api/v1/system/certificate"
AUTHORITY_TYPE = "application/x-x509-ca-cert"
_SAVED = {"Content-Disposition": 'attachment; filename="gatehouse-ca.crt"'}


class CertificateFactsView(msgspec.Struct, frozen=True, kw_only=True):
    """fingerprint: SHA-256, as browsers show it. not_after: its end. names: DNS names and addresses it is good for."""

    fingerprint: str
    not_after: str
    names: list[str]


class CertificateRoutes:
    """Handlers that only read public files."""

    def __init__(self, services: Services) -> None:
        self._folder = services.context.paths.tls

    async def facts(self, call: Call) -> CertificateFactsView:
        """Of the certificate that new connections get."""
        try:
            facts = await asyncio.to_thread(facts_of, self._folder)
        except (OSError, ValueError):
            raise _unreadable() from None
        return CertificateFactsView(
            fingerprint=facts.fingerprint, not_after=to_rfc3339(facts.not_after_us), names=list(facts.names)
        )

    async def authority(self, call: Call) -> web.Response:
        """The certificate of the authority, PEM."""
        try:
            content = await asyncio.to_thread(ServerFiles.below(self._folder).ca.read_bytes)
        except OSError:
            raise _unreadable() from None
        return web.Response(body=content, content_type=AUTHORITY_TYPE, headers=_SAVED)


def _unreadable() -> ProblemError:
    return ProblemError(
        "certificate-unreadable",
        "The certificate cannot be read",
        remedy="Renew it, or restart the api unit, which makes it anew.",
        status=503,
    )


def certificate_routes(services: Services) -> list[Route]:
    """The table. Both are open: a handshake shows the same."""
    handlers = CertificateRoutes(services)
    return [
        reading(PATH, Permission.OPEN, handlers.facts, "The server's certificate", CertificateFactsView),
        Route(
            method="GET",
            path=f"{PATH}/authority.crt",
            permission=Permission.OPEN,
            handler=handlers.authority,
            summary="The certificate authority, to be trusted by browsers",
            media_type=AUTHORITY_TYPE,
        ),
    ]

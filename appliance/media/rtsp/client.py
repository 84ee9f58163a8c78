"""RTSP requests and their answers (RFC 2326): authentication, deadlines, statuses as problems."""

import asyncio

from appliance.media import problems
from appliance.media.http_auth import Authenticator
from appliance.media.rtsp.connection import RtspConnection
from appliance.media.rtsp_message import Request, Response, session_of

ANSWER_TIMEOUT_S = 10.0
MOST_CHALLENGES = 3
REDIRECTS = (301, 302, 303, 305, 307, 308)


class RtspClient:
    """Asks; keeps the session's id and timeout."""

    def __init__(self, connection: RtspConnection, authenticator: Authenticator | None) -> None:
        self.connection = connection
        self.session = ""
        self.session_timeout_s = 60.0
        self._authenticator = authenticator
        self._proven = False  # the password was right once: another challenge is about the nonce, whatever it says

    async def ask(self, method: str, uri: str, headers: dict[str, str] | None = None) -> Response:
        """The answer, whatever its status but 401; raises ProblemError."""
        for _ in range(MOST_CHALLENGES):
            answer = await self._answer(self.send(method, uri, headers))
            if answer.status != 401:
                self._proven = self._authenticator is not None and self._authenticator.challenged
                self._note_session(answer)
                return answer
            self._take_challenge(answer)
        raise problems.wrong_password()

    def send(self, method: str, uri: str, headers: dict[str, str] | None = None) -> "asyncio.Future[Response | None]":
        """Send without waiting; the future holds the answer, or None where the connection ended."""
        fields = dict(headers or {})
        if self.session:
            fields["Session"] = self.session
        if self._authenticator is not None:
            fields |= self._authenticator.header(method, uri)
        return self.connection.send(Request(method, uri, fields))

    def refresh(self, answer: Response) -> None:
        """Take the fresh nonce of a 401 to a request that was sent without waiting."""
        if self._authenticator is not None:
            self._authenticator.take(answer.all("www-authenticate"))

    async def _answer(self, waiting: "asyncio.Future[Response | None]") -> Response:
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                answer = await waiting
        except TimeoutError:
            raise problems.unresponsive() from None
        if answer is None:
            raise self.connection.ended.result() or problems.closed_early()
        return answer

    def _take_challenge(self, answer: Response) -> None:
        challenges = answer.all("www-authenticate")
        if self._authenticator is None or not self._authenticator.username:
            raise problems.password_needed()
        first = not self._authenticator.challenged
        if not self._authenticator.take(challenges) and not self._proven:
            raise problems.unknown_authentication() if first else problems.wrong_password()

    def _note_session(self, answer: Response) -> None:
        if header := answer.header("session"):
            self.session, timeout_s = session_of(header)
            if "timeout" in header.lower():  # answers behind the first one often leave it out
                self.session_timeout_s = timeout_s

"""Where a redirection may lead: to the same protocol, and never from an encrypted connection to an open one."""

from urllib.parse import urljoin

from appliance.core.errors import ProblemError
from appliance.media import problems
from appliance.media.address import Target, target_of

MOST_REDIRECTIONS = 5
_ENCRYPTED = {"rtsp": "rtsps", "http": "https"}


def redirected(target: Target, location: str) -> Target:
    """The target of a Location header (RFC 9110 clause 10.2.2, RFC 2326 clause 12.25); raises ProblemError."""
    try:
        found = target_of(_joined(target.url, location))
    except (ProblemError, ValueError):
        raise problems.redirected("to an address that cannot be used") from None
    family = next(pair for pair in _ENCRYPTED.items() if target.scheme in pair)
    if not location or found.scheme not in family:
        raise problems.redirected("to no address of this kind")
    if target.scheme == family[1] and found.scheme == family[0]:
        raise problems.redirected("from an encrypted to an open connection")
    return found


def _joined(base: str, location: str) -> str:
    """RFC 3986 clause 5.2, as if the base were HTTP: urllib joins known schemes alone, and not all know rtsps."""
    scheme, _, rest = base.partition("://")
    joined = urljoin(f"http://{rest}", location)
    relative = joined.startswith("http://") and not location.lower().startswith("http:")
    return scheme + joined.removeprefix("http") if relative else joined

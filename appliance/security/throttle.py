"""Slows guessing down: some free tries, then a pause that doubles. Pure; the caller gives the time."""

from collections import OrderedDict
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from appliance.core.clock import US_PER_S
from appliance.core.errors import ProblemError

FREE_TRIES = 5
FIRST_PAUSE_S = 10
LONGEST_PAUSE_S = 300
FORGOTTEN_AFTER_S = 3600
MOST_SOURCES = 10_000
_IPV6_NETWORK_BITS = 64


@dataclass(slots=True)
class _Failures:
    count: int = 0
    last_us: int = 0
    until_us: int = 0


class Throttle:
    """Failures by source. A try during a pause is refused without being looked at, and does not prolong the pause.

    Times are monotonic microseconds. At most MOST_SOURCES are remembered; the one that failed longest ago is forgotten.
    """

    def __init__(self) -> None:
        self._sources: OrderedDict[str, _Failures] = OrderedDict()

    def check(self, source: str, now_us: int) -> None:
        """Raise ProblemError "too-many-tries" (429) while the source has to wait."""
        known = self._sources.get(source)
        if known is not None and now_us < known.until_us:
            wait_s = max(1, -((now_us - known.until_us) // US_PER_S))
            raise TooManyTriesError(wait_s)

    def failed(self, source: str, now_us: int) -> None:
        """Count a wrong try."""
        known = self._sources.pop(source, None)
        if known is None or now_us - known.last_us > FORGOTTEN_AFTER_S * US_PER_S:
            known = _Failures()
        known.count += 1
        known.last_us = now_us
        if known.count >= FREE_TRIES:
            pause_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S << min(known.count - FREE_TRIES, 16))
            known.until_us = now_us + pause_s * US_PER_S
        self._sources[source] = known
        while len(self._sources) > MOST_SOURCES:
            self._sources.popitem(last=False)

    def not_looked_at(self, source: str) -> None:
        """Take back a try that was counted and then not looked at."""
        known = self._sources.get(source)
        if known is not None:
            known.count -= 1
            if known.count < FREE_TRIES:
                known.until_us = 0

    def proved_right(self, source: str) -> None:
        """Take back the one try that was counted and then was right; the wrong ones before it stay counted."""
        self.not_looked_at(source)
        known = self._sources.get(source)
        if known is not None:
            known.until_us = 0

    def succeeded(self, source: str) -> None:
        """Forget what a source did wrong."""
        self._sources.pop(source, None)


class TooManyTriesError(ProblemError):
    """429; wait_s is how long to wait, for the Retry-After header."""

    def __init__(self, wait_s: int) -> None:
        super().__init__(
            "too-many-tries",
            "There were too many wrong tries",
            remedy=f"Wait {wait_s} seconds, then try again.",
            status=429,
        )
        self.wait_s = wait_s


def network_of(address: str) -> str:
    """What counts as one source: an IPv4 address, or the /64 that one IPv6 host may choose from at will."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return f"{int(parsed) >> _IPV6_NETWORK_BITS:x}/64"
    return str(parsed)

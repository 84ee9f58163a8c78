"""The envelope of every event on the bus (docs/reference/bus.md)."""

import os
from typing import Any

import msgspec

from appliance.core.clock import Clock
from appliance.core.errors import ProblemError

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
MAX_EVENT_BYTES = 256 * 1024


class Event(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A fact. id is unique and sorts by time; time_us is UTC; type has levels ("camera/lost")."""

    id: str
    time_us: int
    source: str
    type: str
    data: dict[str, Any]


def new_event(clock: Clock, source: str, kind: str, data: dict[str, Any]) -> Event:
    """An event of now."""
    now_us = clock.now_us()
    return Event(id=new_id(now_us), time_us=now_us, source=source, type=kind, data=data)


def new_id(now_us: int) -> str:
    """A ULID (github.com/ulid/spec): 48 bits of milliseconds, 80 random bits, in Crockford's base 32."""
    number = (now_us // 1000 & (1 << 48) - 1) << 80 | int.from_bytes(os.urandom(10))
    return "".join(_CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))


def encode_event(event: Event) -> bytes:
    """JSON; raises ProblemError when it is larger than the broker takes."""
    payload = msgspec.json.encode(event)
    if len(payload) > MAX_EVENT_BYTES:
        raise ProblemError(
            "event-too-large",
            f"An event of type {event.type} is larger than {MAX_EVENT_BYTES} bytes",
            remedy="Publish a reference to the data instead of the data.",
            status=500,
        )
    return payload


def decode_event(payload: bytes) -> Event:
    """Parse an envelope; raises ProblemError with the field at fault."""
    try:
        return msgspec.json.decode(payload, type=Event)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ProblemError(
            "bad-event", "This is not an event envelope", remedy="See docs/reference/bus.md.", detail=str(error)
        ) from None

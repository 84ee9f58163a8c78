"""The messages of the media socket (docs/reference/media-socket.md): control as structs, and the binary header."""

import struct
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from appliance.api.media.stream import Problem, Track, TrackFormat
from appliance.api.problems import decode
from appliance.media.model import AudioFormat

MOST_CREDIT = 64
HEADER = struct.Struct(">BBHB3xQ")
INITIALISATION, MEDIA = 1, 2
KEY, DAMAGED = 1, 2

ChannelNumber = Annotated[int, Meta(ge=0, le=65_535)]
CameraId = Annotated[str, Meta(max_length=32)]
Codecs = Annotated[tuple[Annotated[str, Meta(max_length=64)], ...], Meta(max_length=32)]
Credit = Annotated[int, Meta(ge=1, le=MOST_CREDIT)]


class Live(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="op", tag="live"):
    """Open a live stream. codecs: what the browser decodes."""

    channel: ChannelNumber
    camera: CameraId
    codecs: Codecs
    audio: bool = True


class Play(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="op", tag="play"):
    """Play recordings from a time on (RFC 3339, with a zone)."""

    channel: ChannelNumber
    camera: CameraId
    from_: Annotated[str, Meta(max_length=64)] = msgspec.field(name="from")
    codecs: Codecs
    audio: bool = True
    credit: Credit = 2


class More(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="op", tag="more"):
    """Playback: that many further fragments may be sent."""

    channel: ChannelNumber
    credit: Credit


class Close(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="op", tag="close"):
    """Close a channel."""

    channel: ChannelNumber


Request = Live | Play | More | Close


class Opened(msgspec.Struct, frozen=True, kw_only=True, tag_field="op", tag="opened"):
    """The channel is open; epoch is the UTC of media time 0."""

    channel: int
    epoch: str


class Init(msgspec.Struct, frozen=True, kw_only=True, tag_field="op", tag="init"):
    """A track's initialisation segment follows as the next binary message of type 1 of this channel."""

    channel: int
    track: str
    codec: str
    mime: str
    width: int | None = None
    height: int | None = None
    note: str | None = None

    @classmethod
    def of(cls, channel: int, fmt: TrackFormat) -> "Init":
        """What is said of a format."""
        inner = fmt.fmt
        kind = fmt.track.name.lower()
        mime = f'{kind}/mp4; codecs="{inner.codec_string}"'
        if isinstance(inner, AudioFormat):
            return cls(channel=channel, track=kind, codec=inner.codec_string, mime=mime, note=fmt.note)
        return cls(
            channel=channel,
            track=kind,
            codec=inner.codec_string,
            mime=mime,
            width=inner.width,
            height=inner.height,
            note=fmt.note,
        )


class Gap(msgspec.Struct, frozen=True, kw_only=True, tag_field="op", tag="gap"):
    """Playback jumps over a gap."""

    channel: int
    from_: str = msgspec.field(name="from")
    to: str
    cause: str


class State(msgspec.Struct, frozen=True, kw_only=True, tag_field="op", tag="state"):
    """Live: whether there is video, and if not why."""

    channel: int
    status: str
    problem: Problem | None = None


class Dropped(msgspec.Struct, frozen=True, kw_only=True, tag_field="op", tag="dropped"):
    """The client was too slow; chunks left out since this was last said."""

    channel: int
    chunks: int


class End(msgspec.Struct, frozen=True, kw_only=True, tag_field="op", tag="end"):
    """Playback: nothing was recorded after this."""

    channel: int


class Refusal(msgspec.Struct, frozen=True, kw_only=True, tag_field="op", tag="error"):
    """The request was refused or the stream failed; the channel is closed. channel: None where none was named."""

    channel: int | None
    problem: Problem


def parse_request(text: str) -> Request:
    """A control message; raises ProblemError with the field at fault."""
    found: Request = decode(text.encode(errors="replace"), Request)
    return found


def channel_of(text: str) -> int | None:
    """The channel that a refused message meant, as far as it says so."""
    try:
        found: Any = msgspec.json.decode(text)
        return msgspec.convert(found.get("channel"), ChannelNumber) if isinstance(found, dict) else None
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def media_head(kind: int, track: Track, channel: int, flags: int, time_us: int) -> bytes:
    """The 16 bytes before the MP4 of a binary message."""
    return HEADER.pack(kind, track, channel, flags, max(0, time_us))

"""Session descriptions (RFC 8866) as far as cameras use them, and the track each medium becomes."""

import base64
import binascii
from dataclasses import dataclass, field

from appliance.core.errors import ProblemError

STATIC_PAYLOADS = {0: ("PCMU", 8000, 1), 8: ("PCMA", 8000, 1), 26: ("JPEG", 90000, 1)}  # RFC 3551 table 4 and 5
LARGEST_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class MediaDescription:
    """One m= section. encoding in capitals; parameters: of a=fmtp, names in small letters; control: as it came."""

    kind: str
    payload_type: int
    encoding: str
    rate_hz: int
    channels: int
    parameters: dict[str, str]
    control: str
    fps: float = 0.0
    send_only: bool = False


@dataclass(frozen=True, slots=True)
class Session:
    """A description: its base control address and its media in order."""

    control: str
    media: tuple[MediaDescription, ...]


@dataclass(slots=True)
class _Section:
    kind: str = ""
    formats: list[str] = field(default_factory=list)
    attributes: list[tuple[str, str]] = field(default_factory=list)

    def get(self, name: str) -> str:
        return next((value for key, value in self.attributes if key == name), "")


def parse_session(text: str) -> Session:
    """Parse leniently what cameras send; raises ProblemError `bad-sdp` where there is no medium at all."""
    head, sections = _Section(), []
    for line in text.replace("\r", "\n").split("\n"):
        name, _, value = line.strip().partition("=")
        if name == "m":
            words = value.split()
            sections.append(_Section(words[0].lower() if words else "", words[3:]))
        elif name == "a":
            key, _, rest = value.partition(":")
            (sections[-1] if sections else head).attributes.append((key.strip().lower(), rest.strip()))
    media = tuple(m for section in sections if (m := _medium(section)) is not None)
    if not media:
        raise ProblemError(
            "bad-sdp",
            "The camera's description of its stream names no medium we can read",
            remedy="Check the path in the address; restart the camera or update its firmware if it is right.",
            status=502,
        )
    return Session(head.get("control"), media)


def _medium(section: _Section) -> MediaDescription | None:
    if not section.formats or not section.formats[0].isdigit():
        return None
    payload_type = int(section.formats[0])
    encoding, rate_hz, channels = _rtpmap(section, payload_type)
    if not encoding or rate_hz <= 0:
        return None
    return MediaDescription(
        section.kind,
        payload_type,
        encoding,
        rate_hz,
        channels,
        _parameters(section, payload_type),
        section.get("control"),
        _number(section.get("framerate")),
        any(key == "sendonly" for key, _ in section.attributes),
    )


def _rtpmap(section: _Section, payload_type: int) -> tuple[str, int, int]:
    for key, value in section.attributes:
        number, _, mapping = value.partition(" ")
        if key == "rtpmap" and number == str(payload_type):
            parts = mapping.strip().split("/")
            rate = int(parts[1]) if len(parts) > 1 and parts[1].isdigit() else 0
            channels = int(parts[2]) if len(parts) > 2 and parts[2].isdigit() else 1
            return parts[0].upper(), rate, max(1, min(8, channels))
    return STATIC_PAYLOADS.get(payload_type, ("", 0, 0))


def _parameters(section: _Section, payload_type: int) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in section.attributes:
        number, _, rest = value.partition(" ")
        if key == "fmtp" and number == str(payload_type):
            for item in rest.split(";"):
                name, _, text = item.strip().partition("=")
                if name:
                    found[name.lower()] = text.strip()
    return found


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return value if 0 < value <= 1000 else 0.0


def parameter_sets(*values: str) -> tuple[bytes, ...]:
    """NAL units from sprop parameters (base64, commas between them); what is no base64 is left out."""
    sets: list[bytes] = []
    for text in ",".join(values).split(","):
        try:
            nal = base64.b64decode(text.strip(), validate=True)
        except binascii.Error:
            continue
        if nal:
            sets.append(nal)
    return tuple(sets)

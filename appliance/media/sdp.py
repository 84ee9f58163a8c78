"""Session descriptions (RFC 8866) as far as cameras use them, and the track each medium becomes."""

import base64
import binascii
import re
from dataclasses import dataclass, field

from appliance.core.errors import ProblemError

# RFC 3551 tables 4 and 5; those we cannot take are there so that a person can be told their names
STATIC_PAYLOADS = {
    0: ("PCMU", 8000, 1),
    2: ("G726-32", 8000, 1),
    3: ("GSM", 8000, 1),
    8: ("PCMA", 8000, 1),
    9: ("G722", 8000, 1),
    10: ("L16", 44_100, 2),
    11: ("L16", 44_100, 1),
    14: ("MPA", 90_000, 1),
    26: ("JPEG", 90_000, 1),
    31: ("H261", 90_000, 1),
    32: ("MPV", 90_000, 1),
    33: ("MP2T", 90_000, 1),
    34: ("H263", 90_000, 1),
}
# what a camera means that forgot its rtpmap, by a parameter that only this encoding has
_TELLTALES = {"sprop-parameter-sets": "H264", "sprop-sps": "H265", "sprop-vps": "H265"}
LARGEST_BYTES = 256 * 1024
MOST_MEDIA = 32
MOST_RATE_HZ = 10_000_000
_NUMBER = re.compile(r"[0-9]{1,9}")
_SIZE = re.compile(r"(?:[0-9]+ +)?([0-9]{1,5})[-,x ]+([0-9]{1,5})")
_LARGEST_SIDE = 16_384


@dataclass(frozen=True, slots=True)
class MediaDescription:
    """One m= section. encoding in capitals; parameters: of a=fmtp, names in small letters; control: as it came.

    size: (width, height) of the pictures where the description tells it, else zeros.
    """

    kind: str
    payload_type: int
    encoding: str
    rate_hz: int
    channels: int
    parameters: dict[str, str]
    control: str
    fps: float = 0.0
    send_only: bool = False
    size: tuple[int, int] = (0, 0)


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

    def of_format(self, name: str, payload_type: int) -> list[str]:
        """The values of attributes that begin with a payload type, without it."""
        words = [value.split(None, 1) for key, value in self.attributes if key == name]
        return [rest[0] if rest else "" for number, *rest in filter(None, words) if _decimal(number) == payload_type]


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
    media = tuple(m for section in sections[:MOST_MEDIA] if (m := _medium(section)) is not None)
    if not media:
        raise ProblemError(
            "bad-sdp",
            "The camera's description of its stream names no medium we can read",
            remedy="Check the path in the address; restart the camera or update its firmware if it is right.",
            status=502,
        )
    return Session(head.get("control"), media)


def _medium(section: _Section) -> MediaDescription | None:
    """The first of a section's formats whose encoding we learn."""
    for word in section.formats[:MOST_MEDIA]:
        payload_type = _decimal(word)
        if payload_type is None or payload_type > 127:
            continue
        parameters = _parameters(section, payload_type)
        encoding, rate_hz, channels = _encoding(section, payload_type, parameters)
        if encoding and 0 < rate_hz <= MOST_RATE_HZ:
            return MediaDescription(
                section.kind,
                payload_type,
                encoding,
                rate_hz,
                channels,
                parameters,
                section.get("control"),
                _fps(section.get("framerate")),
                any(key == "sendonly" for key, _ in section.attributes),
                _size(section, parameters),
            )
    return None


def _encoding(section: _Section, payload_type: int, parameters: dict[str, str]) -> tuple[str, int, int]:
    for mapping in section.of_format("rtpmap", payload_type):
        name, *numbers = mapping.split("/")
        rate, channels = [*(_decimal(number.strip()) or 0 for number in numbers[:2]), 0, 0][:2]
        return name.strip().upper(), rate, max(1, min(8, channels))
    if payload_type in STATIC_PAYLOADS:
        return STATIC_PAYLOADS[payload_type]
    telling = next((encoding for name, encoding in _TELLTALES.items() if name in parameters), "")
    return telling, 90_000, 1


def _parameters(section: _Section, payload_type: int) -> dict[str, str]:
    found: dict[str, str] = {}
    for value in section.of_format("fmtp", payload_type):
        for item in value.split(";"):
            name, _, text = item.strip().partition("=")
            if name.strip():
                found[name.strip().lower()] = text.strip()
    return found


def _size(section: _Section, parameters: dict[str, str]) -> tuple[int, int]:
    """a=framesize (3GPP TS 26.234 clause 5.3.3.2), or x-dimensions as several makers write it."""
    for text in (section.get("framesize"), section.get("x-dimensions"), parameters.get("x-dimensions", "")):
        found = _SIZE.fullmatch(text)
        if found and 0 < int(found[1]) <= _LARGEST_SIDE and 0 < int(found[2]) <= _LARGEST_SIDE:
            return int(found[1]), int(found[2])
    return 0, 0


def _decimal(text: str) -> int | None:
    return int(text) if _NUMBER.fullmatch(text) else None


def _fps(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return value if 0 < value <= 1000 else 0.0


def parameter_sets(*values: str) -> tuple[bytes, ...]:
    """NAL units from sprop parameters (base64, commas between them); what is no base64 is left out."""
    sets: list[bytes] = []
    for text in ",".join(values).split(","):
        bare = text.strip().rstrip("=")
        try:
            nal = base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
        except (binascii.Error, ValueError):
            continue
        if nal:
            sets.append(nal)
    return tuple(sets)

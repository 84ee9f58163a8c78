"""Fragments for tests of what lies around the media: quick to make, right in every respect but the picture."""

from appliance.media.model import AudioCodec, AudioFormat, AudioUnit, VideoCodec, VideoFormat, VideoUnit
from appliance.recordings.model import Fragment

START_US = 1_795_523_465_123_456
SECOND = 1_000_000
H264 = VideoFormat(VideoCodec.H264, 640, 480, b"\x01\x64\x00\x1f\xff", "avc1.64001F", 5.0)
H264_SMALL = VideoFormat(VideoCodec.H264, 320, 240, b"\x01\x64\x00\x1f\xff", "avc1.64001F", 5.0)
PCMU = AudioFormat(AudioCodec.PCMU, 8000, 1, b"", "ulaw")


def fragment(
    number: int,
    *,
    start_us: int = START_US,
    fmt: VideoFormat = H264,
    audio: bool = False,
    key: bool = True,
    size: int = 100,
    damaged: bool = False,
) -> Fragment:
    """The number-th second of a stream: five units, whose data says which second and unit they are."""
    at_us = start_us + number * SECOND
    video = tuple(
        VideoUnit(at_us + i * 200_000, payload(number, i, size), key and i == 0, damaged and i == 0) for i in range(5)
    )
    sound = tuple(AudioUnit(at_us + i * 20_000, bytes([i]) * 160, 20_000) for i in range(50)) if audio else ()
    return Fragment(fmt, PCMU if audio else None, video, sound, at_us, at_us + SECOND, key, damaged)


def payload(number: int, unit: int, size: int = 100) -> bytes:
    """The data of a unit: one NAL unit behind its length, saying (number, unit)."""
    body = f"{number}/{unit} ".encode().ljust(size, b".")
    return len(body).to_bytes(4, "big") + body

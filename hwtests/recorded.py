"""What is in a recording, read by libav: the counter and UTC that the simulated cameras put into every picture."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import av
import av.error
import numpy as np

from hwtests.camera import burnt


@dataclass(frozen=True, slots=True)
class Picture:
    """counter and time_us as the camera wrote them; media_us: when a player shows it, from the file's beginning."""

    counter: int
    time_us: int
    media_us: int


class UnreadableError(AssertionError):
    """A picture without its code: the recording damaged it."""


def decoded(media: bytes | Path) -> list[Picture]:
    """Every picture, decoded, its code read from the pixels; raises UnreadableError, av.error.FFmpegError."""
    found: list[Picture] = []
    with av.open(_opened(media), "r") as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        for frame in container.decode(stream):
            code = burnt.decode(frame.reformat(format="gray").to_ndarray().astype(np.uint8, copy=False))
            if code is None:
                raise UnreadableError(f"the picture at {frame.time} s shows no code")
            found.append(Picture(*code, round((frame.time or 0) * 1e6)))
    return found


def listed(media: bytes | Path) -> list[Picture]:
    """Every picture of an H.264 or H.265 recording by its SEI message, in the order of their display; not decoded."""
    found: list[Picture] = []
    with av.open(_opened(media), "r") as container:
        stream = container.streams.video[0]
        for packet in container.demux(stream):
            if packet.size and packet.pts is not None and packet.time_base is not None:
                code = next((code for nal in _nals(bytes(packet)) if (code := burnt.find_sei(nal))), None)
                if code is None:
                    raise UnreadableError(f"the picture at {packet.pts} has no SEI message")
                found.append(Picture(*code, round(packet.pts * packet.time_base * 1_000_000)))
    return sorted(found, key=lambda picture: picture.media_us)


def holes(pictures: Sequence[Picture]) -> list[tuple[Picture, Picture]]:
    """Neighbours whose counters do not follow each other: lost, repeated or out of order."""
    return [(a, b) for a, b in pairwise(pictures) if b.counter != a.counter + 1]


def _opened(media: bytes | Path) -> io.BytesIO | str:
    return io.BytesIO(media) if isinstance(media, bytes) else str(media)


def _nals(sample: bytes) -> Iterator[bytes]:
    """The NAL units of a sample, each after its length in four bytes (ISO/IEC 14496-15)."""
    at = 0
    while at + 4 <= len(sample):
        size = int.from_bytes(sample[at : at + 4], "big")
        yield sample[at + 4 : at + 4 + size]
        at += 4 + size

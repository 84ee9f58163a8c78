"""What a source holds: connect, wait for the first pictures, and say."""

import asyncio
from pathlib import Path

import msgspec

from appliance.core.clock import Clock
from appliance.core.errors import ProblemError
from appliance.media.model import AudioFormat, AudioUnit, VideoFormat, VideoUnit
from appliance.media.sources import SourceAddress, play

TIMEOUT_S = 12.0
PICTURES = 10


class ProbeResult(msgspec.Struct, frozen=True, kw_only=True):
    """The formats of a source; fps measured over the first pictures."""

    codec: str
    width: int
    height: int
    fps: float
    audio_codec: str | None = None
    sample_rate_hz: int | None = None


class _Look:
    """A sink that ends the stream when it has seen enough."""

    def __init__(self, enough: asyncio.Event) -> None:
        self.video: VideoFormat | None = None
        self.audio: AudioFormat | None = None
        self._enough = enough
        self._times_us: list[int] = []

    def on_video_format(self, fmt: VideoFormat) -> None:
        self.video = fmt

    def on_audio_format(self, fmt: AudioFormat) -> None:
        self.audio = fmt

    def on_video(self, unit: VideoUnit) -> None:
        self._times_us.append(unit.time_us)
        if len(self._times_us) >= PICTURES:
            self._enough.set()

    def on_audio(self, unit: AudioUnit) -> None:
        pass

    def on_metadata(self, time_us: int, document: bytes) -> None:
        pass

    def on_loss(self, packets: int) -> None:
        pass

    def on_clock(self, offset_us: int) -> None:
        pass

    def fps(self) -> float:
        if len(self._times_us) < 2:
            return self.video.nominal_fps if self.video else 0.0
        span_us = max(self._times_us) - min(self._times_us)
        return round((len(self._times_us) - 1) * 1e6 / span_us, 1) if span_us else 0.0


async def probe(address: SourceAddress, clock: Clock, prerecorded: Path) -> ProbeResult:
    """Connect and look; raises ProblemError with cause and remedy."""
    enough = asyncio.Event()
    look = _Look(enough)
    playing = asyncio.ensure_future(play(address, look, clock, prerecorded=prerecorded))
    waiting = asyncio.ensure_future(enough.wait())
    try:
        await asyncio.wait({playing, waiting}, timeout=TIMEOUT_S, return_when=asyncio.FIRST_COMPLETED)
        if playing.done():
            await playing
    finally:
        waiting.cancel()
        playing.cancel()
        await asyncio.gather(playing, waiting, return_exceptions=True)
    return _result(look)


def _result(look: _Look) -> ProbeResult:
    if look.video is None:
        raise ProblemError(
            "no-video",
            "The source sent no picture",
            remedy="Check the address; a camera's manual names the path of its video stream.",
            field="source.url",
        )
    audio = look.audio
    return ProbeResult(
        codec=look.video.codec,
        width=look.video.width,
        height=look.video.height,
        fps=look.fps(),
        audio_codec=audio.codec if audio else None,
        sample_rate_hz=audio.sample_rate_hz if audio else None,
    )

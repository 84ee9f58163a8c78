"""A sink that keeps what a source tells, and decoders that show which picture each unit is."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import av
from av.video.codeccontext import VideoCodecContext

from appliance.core.clock import SystemClock
from appliance.core.errors import ProblemError
from appliance.media.model import AudioFormat, AudioUnit, VideoCodec, VideoFormat, VideoUnit
from appliance.media.sources import SourceAddress, play
from hwtests.camera import burnt
from tests.hwtests.camera.watching import luma

DEADLINE_S = 25.0
NOWHERE = Path("/nonexistent")
_DECODERS = {VideoCodec.H264: "h264", VideoCodec.H265: "hevc", VideoCodec.AV1: "libdav1d", VideoCodec.MJPEG: "mjpeg"}


@dataclass
class Collected:
    """Implements Sink. video: (format, unit) in order."""

    video: list[tuple[VideoFormat, VideoUnit]] = field(default_factory=list)
    audio: list[AudioUnit] = field(default_factory=list)
    audio_format: AudioFormat | None = None
    documents: list[tuple[int, bytes]] = field(default_factory=list)
    lost: int = 0
    offsets_us: list[int] = field(default_factory=list)
    format: VideoFormat | None = None

    def on_video_format(self, fmt: VideoFormat) -> None:
        self.format = fmt

    def on_audio_format(self, fmt: AudioFormat) -> None:
        self.audio_format = fmt

    def on_video(self, unit: VideoUnit) -> None:
        assert self.format is not None, "a unit came before its format"
        self.video.append((self.format, unit))

    def on_audio(self, unit: AudioUnit) -> None:
        assert self.audio_format is not None, "a unit came before its format"
        self.audio.append(unit)

    def on_metadata(self, time_us: int, document: bytes) -> None:
        self.documents.append((time_us, document))

    def on_loss(self, packets: int) -> None:
        self.lost += packets

    def on_clock(self, offset_us: int) -> None:
        self.offsets_us.append(offset_us)

    @property
    def units(self) -> list[VideoUnit]:
        return [unit for _, unit in self.video]

    @property
    def formats(self) -> list[VideoFormat]:
        """The formats in the order in which they came."""
        return list(dict.fromkeys(fmt for fmt, _ in self.video))


@dataclass(frozen=True)
class Shown:
    """A decoded picture: the unit's time, its size, and the code burnt into it."""

    time_us: int
    size: tuple[int, int]
    counter: int
    taken_us: int


def shown(video: list[tuple[VideoFormat, VideoUnit]]) -> list[Shown]:
    """Decode in order and read the code of every picture, in order of presentation."""
    pictures: list[Shown] = []
    for fmt, group in itertools.groupby(video, lambda pair: pair[0]):
        decoder = _decoder(fmt)
        for _, unit in group:
            packet = av.Packet(bytes(unit.data))
            packet.pts = packet.dts = unit.time_us
            pictures += [_look(frame) for frame in decoder.decode(packet)]
        pictures += [_look(frame) for frame in decoder.decode(None)]
    return pictures


def _decoder(fmt: VideoFormat) -> VideoCodecContext:
    decoder = cast(VideoCodecContext, av.CodecContext.create(_DECODERS[fmt.codec], "r"))
    if fmt.config and fmt.codec is not VideoCodec.AV1:
        decoder.extradata = fmt.config
    decoder.thread_count = 1
    return decoder


def _look(frame: av.VideoFrame) -> Shown:
    code = burnt.decode(luma(frame))
    assert code is not None, "a picture without its code"
    return Shown(frame.pts or 0, (frame.width, frame.height), *code)


def assert_in_step(steps: Iterable[tuple[int, int]], share: int = 9) -> None:
    """(came, expected) differences of time in µs: they may differ by a share of what is expected.

    A first arrival that was late is made good by a tenth of media time, in steps as long as those of decoding.
    """
    for came_us, expected_us in steps:
        assert abs(came_us - expected_us) <= abs(expected_us) / share + 2000, (came_us, expected_us)


@asynccontextmanager
async def playing(
    address: SourceAddress, sink: Collected, folder: Path = NOWHERE
) -> AsyncIterator["asyncio.Task[None]"]:
    """Play in the background; cancelled at the end."""
    task = asyncio.create_task(play(address, sink, SystemClock(), prerecorded=folder))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(task: "asyncio.Task[None]", condition: Callable[[], bool]) -> None:
    """Wait until the condition holds; raises what ends the task before, or TimeoutError."""
    async with asyncio.timeout(DEADLINE_S):
        while not condition():
            if task.done():
                await task
                raise AssertionError("the stream ended too early")
            await asyncio.sleep(0.01)


async def collect(address: SourceAddress, condition: Callable[[Collected], bool], folder: Path = NOWHERE) -> Collected:
    """Play until the condition holds."""
    sink = Collected()
    async with playing(address, sink, folder) as task:
        await until(task, lambda: condition(sink))
    return sink


def pictures(count: int) -> Callable[[Collected], bool]:
    """The condition of so many pictures."""
    return lambda sink: len(sink.video) >= count


async def problem_of(address: SourceAddress, folder: Path = NOWHERE) -> ProblemError:
    """The problem with which a source ends."""
    try:
        async with asyncio.timeout(DEADLINE_S):
            await play(address, Collected(), SystemClock(), prerecorded=folder)
    except ProblemError as problem:
        return problem
    raise AssertionError("the stream ended without a problem")

"""Prerecorded Matroska files as sources: played in real time, in a loop, on our clock."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import av
import av.error
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet

from appliance.core.clock import US_PER_S, Clock
from appliance.core.errors import ProblemError
from appliance.media import problems
from appliance.media.address import file_name
from appliance.media.depacketise.audio import samples_of
from appliance.media.model import AudioCodec, AudioFormat, AudioUnit, Sink, VideoFormat, VideoUnit
from appliance.media.stored_tracks import VideoTrack, audio_format, jpeg_format, video_track

BATCH_US = US_PER_S // 2
MOST_IN_BATCH = 256
LARGEST_PACKET_BYTES = 16 * 1024 * 1024
READ_TIMEOUT_S = 20.0
LATE_US = 2 * US_PER_S
_DEFAULT_FRAME_US = 40_000

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Timed:
    """A unit (its time still counts from the start of the file's first pass) and when it is due."""

    due_us: int
    unit: VideoUnit | AudioUnit
    new_format: VideoFormat | None = None


async def play_file(url: str, sink: Sink, clock: Clock, folder: Path) -> None:
    """Play until cancelled; raises ProblemError."""
    own_thread = ThreadPoolExecutor(1, thread_name_prefix="prerecorded")
    path = await _in(own_thread, lambda: path_of(url, folder))
    film = Film(path)
    try:
        await _in(own_thread, film.open)
        await _play(film, own_thread, sink, clock)
    finally:
        own_thread.submit(film.close)
        own_thread.shutdown(wait=False)


def path_of(url: str, folder: Path) -> Path:
    """The file of file:NAME.mkv, which lies in the folder itself and is no link; raises ProblemError."""
    path = folder / file_name(url)
    if path.is_symlink() or not path.is_file():
        raise ProblemError(
            "no-such-file",
            "The prerecorded folder has no file of this name",
            remedy="Put the .mkv file into the folder prerecorded below the state folder, or correct the name.",
            status=404,
            field="source.url",
        )
    return path


async def _play(film: "Film", thread: ThreadPoolExecutor, sink: Sink, clock: Clock) -> None:
    if film.audio is not None:
        sink.on_audio_format(film.audio)
    zero_us, started_us = clock.now_us(), clock.monotonic_us()
    while True:
        set_by_us = clock.now_us() - zero_us - (clock.monotonic_us() - started_us)
        if abs(set_by_us) > LATE_US:  # our clock was set: what follows is played at the new time
            zero_us += set_by_us
        for timed in await _in(thread, film.batch):
            wait_us = timed.due_us - (clock.monotonic_us() - started_us)
            if wait_us > 0:
                await asyncio.sleep(wait_us / US_PER_S)
            elif wait_us < -LATE_US:  # the disk or the machine slept: go on from here
                zero_us, started_us = zero_us - wait_us, started_us - wait_us
            _hand_over(timed, zero_us, sink)


def _hand_over(timed: Timed, zero_us: int, sink: Sink) -> None:
    unit = timed.unit
    unit.time_us += zero_us
    if isinstance(unit, AudioUnit):
        sink.on_audio(unit)
        return
    if timed.new_format is not None:
        sink.on_video_format(timed.new_format)
    sink.on_video(unit)


async def _in(thread: ThreadPoolExecutor, work: Callable[[], T]) -> T:
    try:
        async with asyncio.timeout(READ_TIMEOUT_S):
            return await asyncio.get_running_loop().run_in_executor(thread, work)
    except (TimeoutError, OSError, ValueError, av.error.FFmpegError):
        raise _unreadable() from None


class Film:
    """A file read over and over. Used by one thread only."""

    def __init__(self, path: Path) -> None:
        self.audio: AudioFormat | None = None
        self._path = path
        self._container: InputContainer | None = None
        self._video: VideoTrack | None = None
        self._format: VideoFormat | None = None
        self._first_us: int | None = None
        self._end_us = 0
        self._offset_us = 0
        self._due_us = 0
        self._started = False

    def open(self) -> None:
        """Open it; raises ProblemError, av.error.FFmpegError, ValueError."""
        container = av.open(str(self._path), format="matroska")
        self._container = container
        if not container.streams.video:
            raise problems.no_video("the file has none")
        self._video = video_track(container.streams.video[0])
        if container.streams.audio:
            self.audio = audio_format(container.streams.audio[0])
        self._packets = container.demux(self._wanted(container))

    def _wanted(self, container: InputContainer) -> list[av.stream.Stream]:
        wanted: list[av.stream.Stream] = [container.streams.video[0]]
        return wanted + ([container.streams.audio[0]] if self.audio is not None else [])

    def batch(self) -> list[Timed]:
        """The units of about the next half second; begins anew behind the end. Raises as `open` does."""
        units: list[Timed] = []
        until_us = self._due_us + BATCH_US
        while self._due_us < until_us and len(units) < MOST_IN_BATCH:
            packet = next(self._packets, None)
            if packet is None:
                self._begin_anew()
            elif packet.size and packet.pts is not None and packet.size <= LARGEST_PACKET_BYTES:
                units += self._timed(packet)
        return units

    def close(self) -> None:
        """Give the file back."""
        if self._container is not None:
            self._container.close()

    def _begin_anew(self) -> None:
        assert self._container is not None
        if not self._started:
            raise ValueError("no picture in the whole file")
        self._offset_us += max(self._end_us - (self._first_us or 0), _DEFAULT_FRAME_US)
        self._started = False
        self._container.seek(0)
        self._packets = self._container.demux(self._wanted(self._container))

    def _timed(self, packet: "Packet[av.stream.Stream]") -> list[Timed]:
        assert packet.pts is not None and packet.time_base is not None
        media_us = round(packet.pts * packet.time_base * US_PER_S)
        duration_us = round((packet.duration or 0) * packet.time_base * US_PER_S)
        if self._first_us is None:
            self._first_us = media_us
        time_us = media_us - self._first_us + self._offset_us
        data = bytes(packet)
        if isinstance(packet.stream, AudioStream):
            unit: VideoUnit | AudioUnit = AudioUnit(time_us, data, self._audio_us(data) or duration_us)
            fmt = None
        else:
            if not (self._started or packet.is_keyframe):
                return []
            unit, fmt = self._picture(time_us, data, packet.is_keyframe)
        self._end_us = max(self._end_us, media_us + (duration_us or _DEFAULT_FRAME_US))
        self._due_us = max(self._due_us, time_us)
        return [Timed(self._due_us, unit, fmt)]

    def _picture(self, time_us: int, data: bytes, key: bool) -> tuple[VideoUnit, VideoFormat | None]:
        assert self._video is not None
        self._started = True
        fmt = self._video.format or jpeg_format(data)
        changed, self._format = fmt != self._format, fmt
        return VideoUnit(time_us, self._video.unit(data), key), fmt if changed else None

    def _audio_us(self, data: bytes) -> int:
        fmt = self.audio
        if fmt is None:
            return 0
        samples = fmt.frame_samples if fmt.codec is AudioCodec.AAC else samples_of(fmt, data)
        return samples * US_PER_S // fmt.sample_rate_hz


def _unreadable() -> ProblemError:
    return ProblemError(
        "bad-file",
        "The prerecorded file cannot be read",
        remedy="Make it a Matroska file with H.264, H.265, AV1 or M-JPEG video.",
        field="source.url",
    )

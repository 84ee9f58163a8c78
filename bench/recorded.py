"""Ten recorded minutes of the benches' clip, written by the recorder's own writer as fast as the disk takes them."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from appliance.core.clock import SystemClock
from appliance.media.codecs import h264
from appliance.media.model import VideoFormat, VideoUnit
from appliance.recordings.gop import GopBuilder
from appliance.recordings.model import RecordingKind
from appliance.recordings.writer import RecordingWriter
from appliance.volumes.volume import Volume
from bench.annexb import access_units, body, nal_units, sample
from bench.source import clip

FRAME_US = 40_000
WINDOW = 20  # fragments handed over and not yet on the disk
_SPS, _PPS = 7, 8


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was recorded. elementary_bytes: of the byte stream (Annex B); sample_bytes: of what the files hold of it."""

    start_us: int
    end_us: int
    file_bytes: int
    elementary_bytes: int
    sample_bytes: int
    index_bytes: int


def record(root: Path, camera_id: str, minutes: int) -> Recorded:
    """Record on a new volume at root, ending now; index writer "bench"."""
    volume = Volume.create(root, SystemClock())
    return asyncio.run(_record(volume, camera_id, minutes * 60 * 1_000_000))


async def _record(volume: Volume, camera_id: str, duration_us: int) -> Recorded:
    window = asyncio.Semaphore(WINDOW)
    writer = RecordingWriter(volume, "bench", SystemClock(), on_published=lambda _camera, _end_us: window.release())
    await asyncio.to_thread(writer.start)
    units = access_units(clip().read_bytes())
    start_us = SystemClock().now_us() - duration_us
    stream, builder = writer.stream(camera_id), GopBuilder()
    builder.video_format(_format(units[0]))
    sample_bytes = 0
    for unit in _video(units, start_us, duration_us):
        sample_bytes += len(unit.data)
        if (fragment := builder.video(unit)) is not None:
            await window.acquire()
            stream.write(fragment, RecordingKind.CONTINUOUS)
            writer.flush()
    last = builder.flush()
    assert last is not None
    stream.write(last, RecordingKind.CONTINUOUS)
    await asyncio.to_thread(writer.stop)
    turns, rest = divmod(duration_us // FRAME_US, len(units))
    elementary = turns * sum(map(len, units)) + sum(map(len, units[:rest]))
    files = sum(path.stat().st_size for path in volume.segments.rglob("*.mp4"))
    index = sum(path.stat().st_size for path in volume.index.iterdir())
    return Recorded(start_us, last.end_us, files, elementary, sample_bytes, index)


def _video(units: list[bytes], start_us: int, duration_us: int) -> Iterator[VideoUnit]:
    samples = [sample(unit) for unit in units]
    for number in range(duration_us // FRAME_US):
        at = number % len(samples)
        key = any(body(nal)[0] & 31 == h264.IDR for nal in nal_units(units[at]))
        yield VideoUnit(start_us + number * FRAME_US, samples[at], key)


def _format(unit: bytes) -> VideoFormat:
    by_kind = {body(nal)[0] & 31: body(nal) for nal in nal_units(unit)}
    return h264.video_format(by_kind[_SPS], by_kind[_PPS])

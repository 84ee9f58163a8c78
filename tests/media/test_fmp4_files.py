"""What we write, read by others: ffprobe (Debian's) and libav (PyAV's own, newer) agree on every frame and time."""

import io
import json
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import av
import pytest

from appliance.media.fmp4 import (
    DecodeTimes,
    audio_chunk,
    audio_fragment,
    init_segment,
    parse_init,
    retime,
    video_chunk,
    video_fragment,
    video_units,
)
from appliance.media.model import AudioCodec, AudioFormat, AudioUnit, VideoCodec, VideoFormat, VideoUnit
from tests.media.encoded import START_US, aac, av1, h264, h265, mjpeg, opus, pcmu

FRAME_US = 40_000
Video = Callable[[], tuple[VideoFormat, list[VideoUnit]]]
Audio = Callable[[], tuple[AudioFormat, list[AudioUnit]]]


def a_file(
    video: tuple[VideoFormat, list[VideoUnit]], gop: int, audio: tuple[AudioFormat, list[AudioUnit]] | None = None
) -> bytes:
    fmt, units = video
    out = bytearray(init_segment(fmt, audio[0] if audio else None, b'{"camera":"front"}'))
    for number, at in enumerate(range(0, len(units), gop)):
        group = units[at : at + gop]
        start_us = group[0].time_us
        end_us = units[at + gop].time_us if at + gop < len(units) else start_us + len(group) * FRAME_US
        head, buffers = video_fragment(group, start_us=start_us, end_us=end_us, base_us=START_US, sequence=number)
        out += head + b"".join(buffers)
        if audio:
            beside = [unit for unit in audio[1] if start_us <= unit.time_us < end_us]
            head, buffers = audio_fragment(beside, audio[0], base_us=START_US, sequence=number)
            out += head + b"".join(buffers)
    return bytes(out)


def ffprobe(path: Path, *arguments: str) -> dict[str, list[dict[str, str]]]:
    command = ["ffprobe", "-v", "warning", "-of", "json", *arguments, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    assert done.stderr == ""
    found: dict[str, list[dict[str, str]]] = json.loads(done.stdout)
    return found


def presentation_ticks(data: bytes) -> list[int]:
    with av.open(io.BytesIO(data), "r") as container:
        return sorted(packet.pts for packet in container.demux(video=0) if packet.pts is not None)


def decoded(data: bytes) -> int:
    with av.open(io.BytesIO(data), "r") as container:
        return len(list(container.decode(video=0)))


@pytest.mark.parametrize(
    ("make", "gop", "codec"),
    [
        (lambda: h264(50), 25, "h264"),
        (lambda: h264(50, bframes=2), 25, "h264"),
        (lambda: h264(50, bframes=3, open_gop=True), 25, "h264"),
        (lambda: h265(50), 25, "hevc"),
        (lambda: av1(20), 10, "av1"),
        (lambda: mjpeg(25), 25, "mjpeg"),
    ],
)
def test_every_frame_decodes_at_its_exact_time(tmp_path: Path, make: Video, gop: int, codec: str) -> None:
    fmt, units = make()
    data = a_file((fmt, units), gop)
    path = tmp_path / "file.mp4"
    path.write_bytes(data)
    stream = ffprobe(path, "-show_streams", "-count_frames")["streams"][0]
    assert stream["codec_name"] == codec
    assert int(stream["nb_read_frames"]) == len(units)
    ticks = presentation_ticks(data)
    assert [tick - ticks[0] for tick in ticks] == [index * 3600 for index in range(len(units))]
    assert decoded(data) == len(units)


@pytest.mark.parametrize(("make", "codec"), [(aac, "aac"), (pcmu, "pcm_mulaw"), (opus, "opus")])
def test_audio_lies_beside_the_video_without_a_hole(tmp_path: Path, make: Audio, codec: str) -> None:
    fmt, units = make()
    path = tmp_path / "file.mp4"
    path.write_bytes(a_file(h264(75), 25, (fmt, units)))
    probed = ffprobe(path, "-show_streams", "-show_packets", "-select_streams", "a")
    assert probed["streams"][0]["codec_name"] == codec
    packets = probed["packets"]
    assert len(packets) == len([unit for unit in units if unit.time_us < START_US + 3_000_000])
    step = units[0].duration_us * fmt.sample_rate_hz / 1e6
    for one, other in pairwise(packets):
        assert abs(int(other["pts"]) - int(one["pts"]) - step) <= fmt.sample_rate_hz / 1000


def test_container_overhead_is_below_a_thousandth_of_a_4_mbit_stream() -> None:
    units = [VideoUnit(START_US + i * FRAME_US, bytes(20_000 + i % 7), i == 0) for i in range(50)]
    head, buffers = video_fragment(units, start_us=START_US, end_us=START_US + 2_000_000, base_us=START_US, sequence=1)
    assert len(head) <= sum(map(len, buffers)) / 1000


def test_fragments_carry_the_buffers_themselves_not_copies() -> None:
    unit = VideoUnit(START_US, bytearray(b"1234"), True)
    _, buffers = video_fragment([unit], start_us=START_US, end_us=START_US + 1, base_us=START_US, sequence=1)
    assert buffers[0] is unit.data


@pytest.mark.parametrize("bframes", [0, 2])
def test_live_chunks_one_by_one_make_a_stream_that_decodes(bframes: int) -> None:
    fmt, units = h264(50, bframes=bframes)
    clock, out = DecodeTimes(), bytearray(init_segment(fmt, None))
    for number, unit in enumerate(units):
        out += video_chunk(
            unit, epoch_us=START_US, duration_us=FRAME_US, sequence=number, decode_us=clock.next(unit.time_us)
        )
    assert decoded(bytes(out)) == len(units)
    assert [u.time_us for u in video_units(bytes(out)[parse_init(bytes(out)).size :], START_US)] == [
        unit.time_us for unit in units
    ]


def test_decode_times_of_live_chunks_never_step_back() -> None:
    _, units = h264(50, bframes=3)
    clock = DecodeTimes()
    times = [clock.next(unit.time_us) for unit in units]
    assert times == sorted(set(times))


def test_live_audio_chunks_decode(tmp_path: Path) -> None:
    fmt, units = aac(1.0)
    path = tmp_path / "audio.mp4"
    chunks = [audio_chunk(unit, fmt, epoch_us=START_US, sequence=n) for n, unit in enumerate(units)]
    path.write_bytes(init_segment(None, fmt) + b"".join(chunks))
    packets = ffprobe(path, "-show_packets", "-select_streams", "a")["packets"]
    assert [int(packet["pts"]) for packet in packets] == [1024 * n for n in range(len(units))]


def test_a_header_gives_back_identity_and_formats() -> None:
    fmt, _ = h264(1)
    audio, _ = aac(0.2)
    header = init_segment(fmt, audio, b'{"camera":"front"}')
    found = parse_init(header + b"more")
    assert (found.size, found.identity) == (len(header), b'{"camera":"front"}')
    assert found.video == replace(fmt, nominal_fps=0.0)
    assert found.audio == audio


@pytest.mark.parametrize(
    "fmt",
    [
        AudioFormat(AudioCodec.PCMU, 8000, 1, b"", "ulaw"),
        AudioFormat(AudioCodec.PCMA, 8000, 2, b"", "alaw"),
        AudioFormat(AudioCodec.G726, 8000, 1, b"\x20", "g726"),
        AudioFormat(AudioCodec.OPUS, 48_000, 2, bytes.fromhex("0002013800000bb8000000"), "opus"),
    ],
)
def test_every_audio_format_survives_the_header(fmt: AudioFormat) -> None:
    assert parse_init(init_segment(None, fmt)).audio == fmt


@pytest.mark.parametrize("codec", list(VideoCodec))
def test_every_video_codec_survives_the_header(codec: VideoCodec) -> None:
    config = b"" if codec is VideoCodec.MJPEG else b"\x01\x64\x00\x1f\xff"
    found = parse_init(init_segment(VideoFormat(codec, 1920, 1080, config, ""), None)).video
    assert found is not None
    assert (found.codec, found.width, found.height, found.config) == (codec, 1920, 1080, config)


def test_a_retimed_fragment_plays_at_its_new_place() -> None:
    fmt, units = h264(25)
    head, buffers = video_fragment(
        units, start_us=START_US, end_us=START_US + 1_000_000, base_us=START_US - 5_000_000, sequence=1
    )
    fragment = bytearray(head + b"".join(buffers))
    retime(fragment, -450_000 + 9000, sequence=9)
    assert presentation_ticks(init_segment(fmt, None) + bytes(fragment))[0] == 9000
    assert [unit.time_us - START_US for unit in video_units(fragment, START_US)] == _shifted(units, 100_000)


def test_only_our_own_fragments_are_retimed() -> None:
    with pytest.raises(ValueError, match="not a fragment of ours"):
        retime(bytearray(b"\0" * 200), 0, sequence=1)


def _shifted(units: Sequence[VideoUnit], delta_us: int) -> list[int]:
    return [unit.time_us - START_US + delta_us for unit in units]

import io
import resource
from itertools import pairwise

import av
import pytest

from appliance.core.errors import ProblemError
from appliance.media.codecs import jpeg
from appliance.media.fmp4 import audio_chunk, init_segment, video_chunk
from appliance.media.model import AudioCodec, AudioFormat, AudioUnit, VideoCodec, VideoFormat, VideoUnit
from appliance.media.transcode import AudioTranscoder, VideoTranscoder, fit
from tests.media.encoded import START_US, h264, h265, mjpeg, pcmu


def transcode(video: tuple[VideoFormat, list[VideoUnit]], width: int = 1280) -> tuple[VideoFormat, list[VideoUnit]]:
    transcoder = VideoTranscoder(video[0], width)
    units = [out for unit in video[1] for out in transcoder.push(unit)] + transcoder.flush()
    assert transcoder.format is not None
    return transcoder.format, units


def frames(fmt: VideoFormat, units: list[VideoUnit]) -> list[av.VideoFrame]:
    chunks = [video_chunk(u, epoch_us=START_US, duration_us=40_000, sequence=n) for n, u in enumerate(units)]
    with av.open(io.BytesIO(init_segment(fmt, None) + b"".join(chunks)), "r") as container:
        return list(container.decode(video=0))


def test_motion_jpeg_becomes_h264_picture_by_picture_at_once() -> None:
    fmt, units = mjpeg(25)
    transcoder = VideoTranscoder(fmt)
    assert [len(transcoder.push(unit)) for unit in units] == [1] * 25


@pytest.mark.parametrize("bframes", [0, 2])
def test_every_picture_keeps_its_time(bframes: int) -> None:
    _, units = h264(50, bframes=bframes)
    fmt, out = transcode(h264(50, bframes=bframes))
    assert [unit.time_us for unit in out] == sorted(unit.time_us for unit in units)
    assert out[0].key
    assert len(frames(fmt, out)) == 50


def test_h265_becomes_h264_no_wider_than_wanted() -> None:
    fmt, out = transcode(h265(25), 100)
    pictures = frames(fmt, out)
    assert (fmt.codec_string[:5], fmt.width, fmt.height) == ("avc1.", 100, 74)
    assert {(picture.width, picture.height) for picture in pictures} == {(100, 74)}


def test_garbage_gives_no_picture_and_no_error() -> None:
    fmt, units = h264(10)
    transcoder = VideoTranscoder(fmt)
    assert transcoder.push(VideoUnit(START_US, b"\0\0\0\x05\xff\xff\xff\xff\xff", True)) == []
    assert sum(len(transcoder.push(unit)) for unit in units) + len(transcoder.flush()) == 10


def test_a_picture_that_claims_to_be_huge_is_refused_before_it_costs_memory() -> None:
    side = 16_000
    image = jpeg.header(1, side, side, jpeg.tables_for_quality(50), 0) + bytes(1_000_000) + b"\xff\xd9"
    unit = VideoUnit(START_US, image, True)
    with pytest.raises(ProblemError) as refused:
        VideoTranscoder(VideoFormat(VideoCodec.MJPEG, side, side, b"", "mjpeg"))
    assert refused.value.code == "picture-too-large" and refused.value.remedy
    before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(av.FFmpegError):
        VideoTranscoder(VideoFormat(VideoCodec.MJPEG, 640, 480, b"", "mjpeg")).push(unit)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib < 100 * 1024


@pytest.mark.parametrize(
    ("size", "limit", "expected"),
    [((1920, 1080), 1280, (1280, 720)), ((640, 480), 1280, (640, 480)), ((5, 3), 4, (4, 2)), ((1, 1), 10, (2, 2))],
)
def test_sizes_keep_their_shape_and_are_even(size: tuple[int, int], limit: int, expected: tuple[int, int]) -> None:
    assert fit(*size, limit) == expected


def test_g711_becomes_aac_without_a_hole() -> None:
    fmt, units = pcmu(3.0)
    transcoder = AudioTranscoder(fmt)
    out = [done for unit in units for done in transcoder.push(unit)]
    assert out[0].time_us == START_US
    assert all(other.time_us - one.time_us == 64_000 for one, other in pairwise(out))
    chunks = [audio_chunk(u, transcoder.format, epoch_us=START_US, sequence=n) for n, u in enumerate(out)]
    data = init_segment(None, transcoder.format) + b"".join(chunks)
    with av.open(io.BytesIO(data), "r") as container:
        samples = list(container.decode(audio=0))
    assert sum(frame.samples for frame in samples) == len(out) * 1024
    assert max(abs(float(frame.to_ndarray().max())) for frame in samples) > 0.3


def test_a_gap_in_the_sound_stays_a_gap() -> None:
    fmt, units = pcmu(2.0)
    later = [AudioUnit(unit.time_us + 10_000_000, unit.data, unit.duration_us) for unit in units]
    transcoder = AudioTranscoder(fmt)
    times = [done.time_us - START_US for unit in units + later for done in transcoder.push(unit)]
    assert max(time for time in times if time < 9_000_000) < 2_000_000
    assert min(time for time in times if time > 9_000_000) == 10_000_000


@pytest.mark.parametrize("kbps", [16, 24, 32, 40])
def test_g726_of_every_rate_becomes_aac(kbps: int) -> None:
    transcoder = AudioTranscoder(AudioFormat(AudioCodec.G726, 8000, 1, bytes([kbps]), "g726"))
    units = [AudioUnit(START_US + n * 20_000, bytes(kbps * 20 // 8), 20_000) for n in range(50)]
    out = [done for unit in units for done in transcoder.push(unit)]
    assert 0.8 < len(out) * 0.064 <= 1.0


def test_a_g726_stream_that_does_not_say_its_rate_is_refused_with_a_remedy() -> None:
    with pytest.raises(ProblemError) as caught:
        AudioTranscoder(AudioFormat(AudioCodec.G726, 8000, 1, b"", "g726"))
    assert (caught.value.code, bool(caught.value.remedy)) == ("cannot-decode", True)

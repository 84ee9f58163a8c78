"""Whatever a camera, its network and our clock do to a stream: what comes of it can be written and read back."""

from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from unittest import mock

from hypothesis import given
from hypothesis import strategies as st

from appliance.core.clock import US_PER_S
from appliance.media.clockmap import ClockMap
from appliance.media.depacketise.h264 import H264Depacketiser
from appliance.media.fmp4 import video_units
from appliance.media.model import VideoFormat, VideoUnit
from appliance.recordings.gop import GopBuilder
from appliance.recordings.model import Fragment
from appliance.recordings.writer import encode
from hwtests.camera import packetise
from hwtests.camera.config import Codec
from hwtests.camera.encoders import split_annex_b
from tests.media.encoded import START_US, encode_video
from tests.media.rtp_streams import deliver, packets_of

FRAME, FRAME_US = 3600, 40_000


@cache
def payloads(bframes: int) -> list[tuple[int, list[bytes]]]:
    """(presentation number, RTP payloads) of 60 pictures in decode order."""
    params = f"repeat-headers=1:annexb=1:threads=1:keyint=12:min-keyint=12:scenecut=0:b-adapt=0:bframes={bframes}"
    options = {"preset": "ultrafast", "x264-params": params}
    _, packets = encode_video("libx264", 60, 25, (160, 120), options, gop=12)
    with mock.patch.object(packetise, "PAYLOAD_SIZE", 120):
        return [
            (pts, packetise.video_payloads(Codec.H264, list(split_annex_b(data)), key)) for pts, data, key in packets
        ]


@dataclass
class Recording:
    """Implements VideoOut: units on the recorder's clock, and the fragments of them."""

    clock: ClockMap = field(default_factory=lambda: ClockMap(90_000))
    builder: GopBuilder = field(default_factory=lambda: GopBuilder(most_bytes=3000))
    arrival_us: int = START_US
    units: list[VideoUnit] = field(default_factory=list)
    fragments: list[Fragment] = field(default_factory=list)

    def video_format(self, fmt: VideoFormat) -> None:
        self._take(self.builder.video_format(fmt))

    def video_unit(self, rtp: int, data: bytes | bytearray, key: bool, damaged: bool) -> None:
        self.units.append(VideoUnit(self.clock.time_us(rtp, self.arrival_us), data, key, damaged))
        self._take(self.builder.video(self.units[-1]))

    def finish(self) -> None:
        self._take(self.builder.flush())

    def _take(self, fragment: Fragment | None) -> None:
        if fragment is not None:
            self.fragments.append(fragment)


steps = st.tuples(
    st.sampled_from([0] * 20 + [-3 * 90_000, -90_000, 90_000, 5 * 90_000, 1 << 31]),  # the camera's timestamps jump
    st.sampled_from([0] * 20 + [-3600, -5, -2, 4, 30, 3600]),  # our clock, or a stall, in seconds
    st.integers(0, 60_000),  # jitter
)


@given(st.sampled_from([0, 2]), st.lists(steps, min_size=60, max_size=60), st.sets(st.integers(0, 400), max_size=12))
def test_fragments_of_a_troubled_stream_can_be_written_and_read_back(
    bframes: int, troubles: list[tuple[int, int, int]], lost: set[int]
) -> None:
    recording, rtp_offset, clock_offset_us, number = Recording(), 0, 0, 0
    depacketiser = H264Depacketiser(recording)
    for index, ((picture, sent), (jump, clock_s, jitter_us)) in enumerate(
        zip(payloads(bframes), troubles, strict=True)
    ):
        rtp_offset += jump
        clock_offset_us += clock_s * US_PER_S
        recording.arrival_us = START_US + index * FRAME_US + clock_offset_us + jitter_us
        packets = packets_of([(picture * FRAME + rtp_offset, sent)], sequence=number)
        if any(number + place in lost for place in range(len(packets))):
            depacketiser.lost()
        deliver(depacketiser, packets, {place for place in range(len(packets)) if number + place in lost})
        number += len(packets)
    recording.finish()
    assert [id(u) for f in recording.fragments for u in f.video] == [
        id(u) for u in recording.units if any(u is v for f in recording.fragments for v in f.video)
    ]
    for fragment in recording.fragments:
        buffers, video_size, audio_size = encode(fragment, fragment.start_us, 0)
        data = b"".join(buffers)
        assert (len(data), audio_size) == (video_size, 0)
        back = video_units(data, fragment.start_us)
        assert [(u.data, u.key) for u in back] == [(bytes(u.data), u.key) for u in fragment.video]
        assert all(abs(one.time_us - other.time_us) <= 12 for one, other in zip(back, fragment.video, strict=True))
    for one, other in pairwise(recording.fragments):
        assert other.key or one.end_us == other.start_us


def test_an_untroubled_stream_is_recorded_whole() -> None:
    recording = Recording()
    depacketiser = H264Depacketiser(recording)
    for index, (picture, sent) in enumerate(payloads(2)):
        recording.arrival_us = START_US + index * FRAME_US
        deliver(depacketiser, packets_of([(picture * FRAME, sent)], sequence=index * 100))
    recording.finish()
    assert sum(len(fragment.video) for fragment in recording.fragments) == 60
    assert not any(fragment.damaged for fragment in recording.fragments)
    assert all(one.end_us == other.start_us for one, other in pairwise(recording.fragments))

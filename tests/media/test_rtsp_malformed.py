"""Payloads of every coding with wrong bytes in them: an error of the camera's never becomes one of ours."""

import asyncio
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.core.clock import ManualClock
from appliance.core.errors import ProblemError
from appliance.media.rtsp.connection import RtspConnection
from appliance.media.rtsp.tracks import choose
from appliance.media.sdp import parse_session
from hwtests.camera.config import Audio, CameraConfig, Codec, Profile
from hwtests.camera.encoders import video_encoder
from hwtests.camera.packetise import video_payloads
from hwtests.camera.sdp import Describer, describe
from tests.media.collecting import Collected
from tests.media.rtp_streams import packets_of

DESCRIPTIONS = {
    codec: f"m=video 0 RTP/AVP 96\r\na=rtpmap:96 {name}/90000\r\n"
    for codec, name in ((Codec.H264, "H264"), (Codec.H265, "H265"), (Codec.AV1, "AV1"), (Codec.MJPEG, "JPEG"))
}
SOUNDS = (
    "m=audio 0 RTP/AVP 96\r\na=rtpmap:96 MPEG4-GENERIC/16000\r\na=fmtp:96 config=1408;sizelength=13;indexlength=3\r\n",
    "m=audio 0 RTP/AVP 96\r\na=rtpmap:96 OPUS/48000/2\r\n",
    "m=audio 0 RTP/AVP 96\r\na=rtpmap:96 G726-24/8000\r\n",
    "m=audio 0 RTP/AVP 96\r\na=rtpmap:96 PCMU/8000/2\r\n",
    "m=audio 0 RTP/AVP 96\r\na=rtpmap:96 MP4A-LATM/16000\r\na=fmtp:96 config=400028103fc0\r\n",
    "m=application 0 RTP/AVP 96\r\na=rtpmap:96 vnd.onvif.metadata/90000\r\n",
)


def outcome(description: str, packets: list[bytes]) -> str | None:
    """The code of the problem in which a connection with these tracks ends, all packets on each of its channels."""

    async def play() -> str | None:
        clock = ManualClock()
        connection = RtspConnection(clock)
        for number, track in enumerate(choose(parse_session(description), "rtsp://x/", Collected(), clock).all):
            connection.rtp[2 * number] = track.receiver
            connection.rtcp[2 * number + 1] = track.receiver.control
        for packet in packets:
            for channel in range(4):
                data = b"$" + bytes((channel,)) + len(packet).to_bytes(2) + packet
                connection.get_buffer(-1)[: len(data)] = data
                clock.advance(3000)
                connection.buffer_updated(len(data))
        problem = connection.ended.result() if connection.ended.done() else None
        return problem.code if problem is not None else None

    return asyncio.run(play())


@pytest.mark.parametrize("sound", SOUNDS)
@pytest.mark.parametrize("codec", list(Codec))
@settings(max_examples=15, deadline=None)
@given(payloads=st.lists(st.binary(max_size=60), max_size=20), seed=st.integers(0, 1 << 30))
def test_any_payload_is_taken_or_left(codec: Codec, sound: str, payloads: list[bytes], seed: int) -> None:
    rng = random.Random(seed)
    units = [(rng.choice((0, 1, 2)) * 3600, [payload]) for payload in payloads]
    assert outcome(DESCRIPTIONS[codec] + sound, packets_of(units)) != "source-failed"


@pytest.mark.parametrize("codec", list(Codec))
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1 << 30))
def test_wrong_bytes_in_a_whole_stream(codec: Codec, seed: int) -> None:
    rng = random.Random(seed)
    packets = [bytearray(packet) for packet in whole_packets(codec)]
    for packet in packets:
        for _ in range(rng.choice((0, 0, 1, 3))):
            packet[rng.randrange(len(packet))] = rng.randrange(256)
        if rng.random() < 0.05:
            del packet[rng.randrange(len(packet)) :]
    found = outcome(DESCRIPTIONS[codec] + SOUNDS[0], [bytes(packet) for packet in packets])
    assert found != "source-failed"


_made: dict[Codec, list[bytes]] = {}


def whole_packets(codec: Codec) -> list[bytes]:
    """Two dozen pictures of a simulated camera's encoder, packetised."""
    if codec not in _made:
        profile = Profile(width=160, height=96, fps=25.0, codec=codec)
        encoder = video_encoder(profile)
        noise = np.random.default_rng(1).integers(0, 255, (144, 160), np.uint8)
        coded = [u for i in range(24) for u in encoder.encode(noise, i, i * 40_000, i % 8 == 0)]
        units = [(i * 3600, video_payloads(codec, unit.parts, unit.key)) for i, unit in enumerate(coded)]
        _made[codec] = packets_of(units)
    return _made[codec]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 1 << 30))
def test_wrong_characters_in_a_description(seed: int) -> None:
    rng = random.Random(seed)
    config = CameraConfig(name="cam", profiles=(Profile(codec=Codec.MJPEG),), audio=Audio.PCMU, metadata=True)
    text = list(describe(config, Describer().tracks(config, config.profiles[0]), "127.0.0.1"))
    for _ in range(rng.randrange(1, 12)):
        text[rng.randrange(len(text))] = rng.choice("\r\n :;=/*²0aM\x00\xff")
    try:
        choose(parse_session("".join(text)), "rtsp://x/", Collected(), ManualClock())
    except ProblemError as problem:
        assert problem.remedy

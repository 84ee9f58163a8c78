"""From a description to the tracks that are received, and from their packets to what the sink is told."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.clock import SystemClock
from appliance.core.errors import ProblemError
from appliance.media.model import AudioCodec, VideoCodec
from appliance.media.rtsp.tracks import Tracks, choose, control_url
from appliance.media.sdp import parse_session
from tests.media.collecting import Collected
from tests.media.rtp_streams import packets_of

BASE = "rtsp://192.0.2.5:554/stream"
H264 = "m=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\na=control:v\n"
JPEG = "m=video 0 RTP/AVP 26\na=control:v\n"
AAC = "a=fmtp:97 mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3;config="


def chosen(description: str, sink: Collected | None = None, base: str = BASE) -> Tracks:
    return choose(parse_session(description), base, sink or Collected(), SystemClock())


def sound(*lines: str) -> str:
    return H264 + "m=audio 0 RTP/AVP 97\na=control:a\n" + "\n".join(lines) + "\n"


def deliver(tracks: Tracks, number: int, payloads: Iterable[bytes], payload_type: int, step: int) -> None:
    """Each payload as one packet with the marker, `step` ticks apart, to a track."""
    receiver = tracks.all[number].receiver
    receiver.arrival_us = SystemClock().now_us()
    for packet in packets_of([(n * step, [payload]) for n, payload in enumerate(payloads)]):
        sequence, stamp = int.from_bytes(packet[2:4]), int.from_bytes(packet[4:8])
        kind = packet[1] & 0x80 | payload_type
        receiver.packet(memoryview(packet), 12, len(packet), packet[0], kind, sequence, stamp, 7)


def heard(description: str, payloads: Iterable[bytes], step: int, payload_type: int = 97) -> Collected:
    """What the sink was told by the second track."""
    sink = Collected()
    deliver(chosen(description, sink), 1, payloads, payload_type, step)
    return sink


def test_pictures_sound_and_metadata_are_set_up_in_this_order() -> None:
    tracks = chosen(
        "a=control:*\nm=application 0 RTP/AVP 107\na=rtpmap:107 vnd.onvif.metadata/90000\na=control:m\n"
        "m=audio 0 RTP/AVP 0\na=control:talk\na=sendonly\nm=audio 0 RTP/AVP 8\na=control:a\n" + H264
    )
    assert [track.url for track in tracks.all] == [f"{BASE}/{name}" for name in "vam"]
    assert tracks.url == BASE


@pytest.mark.parametrize(
    ("encoding", "parameters", "codec", "rate"),
    [
        ("PCMU/8000", "", AudioCodec.PCMU, 8000),
        ("PCMA/16000", "", AudioCodec.PCMA, 16_000),
        ("opus/48000/2", "a=fmtp:97 sprop-stereo=1", AudioCodec.OPUS, 48_000),
        ("G726-32/8000", "", AudioCodec.G726, 8000),
        ("AAL2-G726-24/8000", "", AudioCodec.G726, 8000),
    ],
)
def test_sound_of_every_coding(encoding: str, parameters: str, codec: AudioCodec, rate: int) -> None:
    sink = heard(sound(f"a=rtpmap:97 {encoding}", parameters), [b"\x08" + bytes(119)] * 3, 960)
    assert sink.audio_format is not None
    assert (sink.audio_format.codec, sink.audio_format.sample_rate_hz) == (codec, rate)
    assert len(sink.audio) == 3


def test_g726_of_either_order_is_the_same_sound() -> None:
    plain = heard(sound("a=rtpmap:97 G726-32/8000"), [b"\x21\x43\x65\x87"], 8)
    turned = heard(sound("a=rtpmap:97 AAL2-G726-32/8000"), [b"\x12\x34\x56\x78"], 8)
    assert plain.audio[0].data == turned.audio[0].data
    assert plain.audio[0].duration_us == turned.audio[0].duration_us == 1000


def test_high_efficiency_sound_lasts_as_long_as_its_clock_says() -> None:
    unit = b"\x00\x10" + (5 << 3).to_bytes(2) + b"sound"
    sink = heard(sound("a=rtpmap:97 MPEG4-GENERIC/48000/2", AAC + "2b118800"), [unit] * 3, 2048)
    assert [one.time_us - sink.audio[0].time_us for one in sink.audio] == [0, 42_666, 85_333]
    assert {one.duration_us for one in sink.audio} == {42_666}


def test_sound_in_latm() -> None:
    lines = ("a=rtpmap:97 MP4A-LATM/24000", "a=fmtp:97 object=2;cpresent=0;config=400026203fc0")
    sink = heard(sound(*lines), [b"\x05sound"], 1024)
    assert sink.audio_format is not None
    assert (sink.audio_format.channels, sink.audio[0].data) == (2, b"sound")


@pytest.mark.parametrize(
    "lines",
    [
        ("a=rtpmap:97 MPEG4-GENERIC/16000", AAC + "zz"),
        ("a=rtpmap:97 MPEG4-GENERIC/16000", AAC),
        ("a=rtpmap:97 MPEG4-GENERIC/16000", "a=fmtp:97 config=1408;sizelength=x"),
        ("a=rtpmap:97 MPEG4-GENERIC/16000", "a=fmtp:97 config=1408;sizelength=99"),
        ("a=rtpmap:97 MP4A-LATM/16000", "a=fmtp:97 cpresent=1"),
        ("a=rtpmap:97 MP4A-LATM/16000", "a=fmtp:97 cpresent=0;config=ff"),
        ("a=rtpmap:97 SPEEX/16000",),
        ("a=nothing",),
    ],
)
def test_sound_that_is_described_wrongly_never_costs_the_pictures(lines: tuple[str, ...]) -> None:
    assert len(chosen(sound(*lines)).all) == 1


def test_m_jpeg_of_a_size_that_only_the_description_tells() -> None:
    sink = Collected()
    tracks = chosen(JPEG + "a=framesize:26 2560-1440\n", sink)
    deliver(tracks, 0, [b"\0\0\0\0\1\x32\0\0" + bytes(100)], 26, 3600)
    assert sink.format is not None
    assert (sink.format.codec, sink.format.width, sink.format.height) == (VideoCodec.MJPEG, 2560, 1440)


@pytest.mark.parametrize(
    ("description", "code"),
    [
        ("m=audio 0 RTP/AVP 0\n", "no-video"),
        ("m=video 0 RTP/AVP 32\n", "unsupported-codec"),
        (H264 + "a=fmtp:96 packetization-mode=2\n", "unsupported-codec"),
        (H264.replace("H264", "H265") + "a=fmtp:96 sprop-max-don-diff=3\n", "unsupported-codec"),
        ("m=video 0 RTP/AVP 96\na=rtpmap:96 \x07VP8\u2028/90000\n", "unsupported-codec"),
    ],
)
def test_a_description_without_pictures_we_take_says_what_it_offers(description: str, code: str) -> None:
    with pytest.raises(ProblemError) as caught:
        chosen(description)
    assert (caught.value.code, bool(caught.value.remedy)) == (code, True)
    assert caught.value.title.isprintable()


@pytest.mark.parametrize(
    ("base", "control", "url"),
    [
        (BASE, "", BASE),
        (BASE, "*", BASE),
        (BASE, "track1", f"{BASE}/track1"),
        (BASE + "/", "track1", f"{BASE}/track1"),
        (BASE + "?a=1", "track1", f"{BASE}?a=1/track1"),
        (BASE, "/other", "rtsp://192.0.2.5:554/other"),
        (BASE, "RTSP://192.0.2.6/x", "RTSP://192.0.2.6/x"),
    ],
)
def test_control_addresses(base: str, control: str, url: str) -> None:
    assert control_url(base, control) == url


@given(st.text(alphabet="amv=:;/ 0926\nrtpmapfmtpcontrolH24AVJEG-", max_size=200), st.binary(max_size=60))
def test_any_description_gives_tracks_that_take_any_packets(text: str, payload: bytes) -> None:
    try:
        tracks = chosen(H264 + text)
    except ProblemError:
        return
    deliver(tracks, 0, [payload] * 3, 96, 3600)


@given(st.integers(0, 300), st.integers(0, 20), st.text(max_size=8))
def test_a_description_with_a_hole_gives_tracks_or_a_problem(at: int, length: int, put: str) -> None:
    whole = sound("a=rtpmap:97 MPEG4-GENERIC/16000/1", AAC + "1408", "a=framerate:25")
    try:
        chosen(whole[:at] + put + whole[at + length :])
    except ProblemError as problem:
        assert problem.remedy

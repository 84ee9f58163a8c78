import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.errors import ProblemError
from appliance.media.sdp import MediaDescription, parameter_sets, parse_session

CAMERA = """v=0
o=- 1 1 IN IP4 192.0.2.5
s=Session
c=IN IP4 0.0.0.0
t=0 0
a=control:rtsp://192.0.2.5/stream
a=range:npt=now-
m=video 0 RTP/AVP 96
b=AS:5000
a=framerate:25.0
a=rtpmap:96 H264/90000
a=fmtp:96 packetization-mode=1; Profile-Level-Id=640028;sprop-parameter-sets=Z2QAKA==,aO48gA==
a=control:trackID=1
m=audio 0 RTP/AVP 97
a=rtpmap:97 MPEG4-GENERIC/16000/2
a=fmtp:97 streamtype=5;profile-level-id=1;mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3;config=1408
a=control:trackID=2
m=application 0 RTP/AVP 107
a=rtpmap:107 vnd.onvif.metadata/90000
a=recvonly
m=audio 0 RTP/AVP 0
a=sendonly
"""


def media(*lines: str) -> tuple[MediaDescription, ...]:
    return parse_session("\n".join(("v=0", *lines))).media


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r", "\n\n", " \r\n"])
def test_what_a_camera_describes(ends: str) -> None:
    session = parse_session(CAMERA.replace("\n", ends))
    assert session.control == "rtsp://192.0.2.5/stream"
    video, audio, metadata, backchannel = session.media
    assert (video.kind, video.payload_type, video.encoding, video.rate_hz) == ("video", 96, "H264", 90_000)
    assert (video.fps, video.control, video.send_only) == (25.0, "trackID=1", False)
    assert video.parameters["profile-level-id"] == "640028"
    assert parameter_sets(video.parameters["sprop-parameter-sets"]) == (b"\x67\x64\0\x28", b"\x68\xee\x3c\x80")
    assert (audio.encoding, audio.rate_hz, audio.channels) == ("MPEG4-GENERIC", 16_000, 2)
    assert audio.parameters["config"] == "1408"
    assert (metadata.encoding, metadata.kind) == ("VND.ONVIF.METADATA", "application")
    assert (backchannel.encoding, backchannel.rate_hz, backchannel.send_only) == ("PCMU", 8000, True)


@pytest.mark.parametrize(
    ("number", "encoding", "rate"), [(0, "PCMU", 8000), (8, "PCMA", 8000), (26, "JPEG", 90_000), (33, "MP2T", 90_000)]
)
def test_static_payload_types_need_no_map(number: int, encoding: str, rate: int) -> None:
    (medium,) = media(f"m=audio 0 RTP/AVP {number}")
    assert (medium.encoding, medium.rate_hz) == (encoding, rate)


@pytest.mark.parametrize(
    ("parameters", "encoding"),
    [("packetization-mode=1;sprop-parameter-sets=Z2Q=", "H264"), ("sprop-vps=QAE=;sprop-sps=QgE=", "H265")],
)
def test_a_missing_map_is_made_up_for_by_telling_parameters(parameters: str, encoding: str) -> None:
    (medium,) = media("m=video 0 RTP/AVP 96", f"a=fmtp:96 {parameters}")
    assert (medium.encoding, medium.rate_hz) == (encoding, 90_000)


def test_the_first_format_that_is_described_counts() -> None:
    (medium,) = media("m=video 0 RTP/AVP 35 96 97", "a=rtpmap:97 H265/90000", "a=rtpmap:96 H264/90000")
    assert (medium.payload_type, medium.encoding) == (96, "H264")


def test_of_an_attribute_given_twice_the_first_counts_and_parameters_add_up() -> None:
    (medium,) = media(
        "m=video 0 RTP/AVP 96",
        "a=rtpmap:96  H264/90000",
        "a=rtpmap:96 H265/1",
        "a=control:one",
        "a=control:two",
        "a=fmtp:96 a=1",
        "a=fmtp:96\tB = 2 ;;;=3",
        "a=fmtp:97 c=3",
    )
    assert (medium.encoding, medium.control, medium.parameters) == ("H264", "one", {"a": "1", "b": "2"})


@pytest.mark.parametrize(
    "line",
    [
        "a=framesize:96 2560-1920",
        "a=x-dimensions:2560,1920",
        "a=x-dimensions: 2560, 1920",
        "a=fmtp:96 x-dimensions=2560,1920",
    ],
)
def test_the_size_of_large_pictures(line: str) -> None:
    assert media("m=video 0 RTP/AVP 96", "a=rtpmap:96 JPEG/90000", line)[0].size == (2560, 1920)


@pytest.mark.parametrize(
    "line", ["a=framesize:96 0-1", "a=framesize:96 99999-99999", "a=framesize:96", "a=x-dimensions:a,b"]
)
def test_sizes_that_make_no_sense(line: str) -> None:
    assert media("m=video 0 RTP/AVP 96", "a=rtpmap:96 JPEG/90000", line)[0].size == (0, 0)


@pytest.mark.parametrize("fps", ["0", "-1", "nan", "inf", "1e9", "many", ""])
def test_frame_rates_that_make_no_sense(fps: str) -> None:
    assert media("m=video 0 RTP/AVP 26", f"a=framerate:{fps}")[0].fps == 0.0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "v=0",
        "<html>404</html>",
        "m=",
        "m=video",
        "m=video 0 RTP/AVP",
        "m=video 0 RTP/AVP 96",
        "m=video 0 RTP/AVP x",
        "m=video 0 RTP/AVP ²",
        "m=video 0 RTP/AVP 128",
        "m=video 0 RTP/AVP -1",
        f"m=video 0 RTP/AVP {'9' * 10_000}",
        "m=video 0 RTP/AVP 96\na=rtpmap:96 H264",
        "m=video 0 RTP/AVP 96\na=rtpmap:96 H264/0",
        "m=video 0 RTP/AVP 96\na=rtpmap:96 H264/٣",
        "m=video 0 RTP/AVP 96\na=rtpmap:96 H264/99999999999",
        "m=video 0 RTP/AVP 96\na=rtpmap:96",
        "m=video 0 RTP/AVP 96\na=rtpmap:96 /",
    ],
)
def test_a_description_of_nothing_is_a_problem_with_a_remedy(text: str) -> None:
    with pytest.raises(ProblemError) as caught:
        parse_session(text)
    assert (caught.value.code, bool(caught.value.remedy)) == ("bad-sdp", True)


@given(st.text(max_size=300) | st.text(alphabet="amv=:;/ 0926\r\nrtpmapfmtp", max_size=300))
def test_any_text_is_a_description_or_a_problem(text: str) -> None:
    for candidate in (text, CAMERA + text, text + CAMERA):
        try:
            session = parse_session(candidate)
        except ProblemError:
            continue
        assert all(m.rate_hz > 0 and m.encoding and 0 <= m.payload_type < 128 for m in session.media)


@given(st.integers(0, len(CAMERA)), st.integers(0, 30), st.text(max_size=5))
def test_a_description_with_a_hole_raises_nothing_else(at: int, length: int, put: str) -> None:
    try:
        parse_session(CAMERA[:at] + put + CAMERA[at + length :])
    except ProblemError as problem:
        assert problem.code == "bad-sdp"


def test_a_huge_description_is_read_in_good_time() -> None:
    text = "m=video 0 RTP/AVP 96\n" * 10_000 + "a=rtpmap:96 H264/90000\n" * 10_000
    with pytest.raises(ProblemError):
        parse_session(text)
    assert len(parse_session("m=audio 0 RTP/AVP 0\n" * 10_000).media) == 32


@given(st.lists(st.binary(min_size=1, max_size=30), max_size=5))
def test_parameter_sets_come_back_with_and_without_padding(sets: list[bytes]) -> None:
    text = ",".join(base64.b64encode(each).decode() for each in sets)
    assert parameter_sets(text) == tuple(sets) == parameter_sets(text.replace("=", ""))


@given(st.text(max_size=60))
def test_no_text_makes_parameter_sets_fail(text: str) -> None:
    assert all(parameter_sets(text, text))

"""Addresses that can never work are refused before anything is connected, with the field at fault."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.errors import ProblemError
from appliance.media.address import target_of
from appliance.media.sources import SourceAddress, check_address

GOOD = [
    "rtsp://192.168.0.90/axis-media/media.amp?videocodec=h264&resolution=1280x720",
    "rtsps://camera.local:8322/stream/0",
    "RTSP://[2001:db8::1]:554/",
    "rtsp://camera",
    "http://camera/mjpg/video.mjpg",
    "https://camera:8443/",
    "file:street.mkv",
    "file:Straße 1 (alt).MKV",
    "rtsp://kamera.example/Straße",
]


@pytest.mark.parametrize("url", GOOD)
def test_good_addresses(url: str) -> None:
    check_address(SourceAddress(url))


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("", "bad-url"),
        ("camera", "bad-url"),
        ("ftp://camera/", "bad-url"),
        ("file:///etc/passwd", "bad-file-name"),
        ("rtsp://", "bad-url"),
        ("rtsp:///path", "bad-url"),
        ("rtsp://camera:0x50/", "bad-url"),
        ("rtsp://camera:70000/", "bad-url"),
        ("rtsp://[::1/", "bad-url"),
        ("rtsp://cam era/", "bad-url"),
        ("rtsp://camera/a\r\nX: y", "bad-url"),
        ("rtsp://camera/\ud800", "bad-url"),
        ("rtsp://camera/" + "a" * 10_000, "bad-url"),
        ("rtsp://" + "a" * 300 + "/", "bad-url"),
        ("rtsp://viewer:secret@camera/", "credentials-in-url"),
        ("rtsp://viewer@camera/", "credentials-in-url"),
        ("http://camera/video.mjpg?user=viewer&PWD=secret", "credentials-in-url"),
        ("javascript:alert(1)", "bad-url"),
    ],
)
def test_bad_addresses_name_their_field(url: str, code: str) -> None:
    with pytest.raises(ProblemError) as caught:
        check_address(SourceAddress(url))
    assert (caught.value.code, caught.value.field) == (code, "source.url")
    assert caught.value.remedy
    assert "secret" not in repr(caught.value.to_json()) + str(caught.value)


@pytest.mark.parametrize(
    ("address", "field"),
    [
        (SourceAddress("rtsp://camera/", transport="pigeon"), "source.transport"),
        (SourceAddress("rtsps://camera/", transport="udp"), "source.transport"),
        (SourceAddress("rtsp://camera/", username="a\r\nb"), "source.username"),
    ],
)
def test_other_fields(address: SourceAddress, field: str) -> None:
    with pytest.raises(ProblemError) as caught:
        check_address(address)
    assert caught.value.field == field


@given(st.text(max_size=300), st.sampled_from(["", "rtsp://", "http://", "file:", "rtsp://camera/"]))
def test_any_text_is_taken_or_refused(text: str, prefix: str) -> None:
    try:
        check_address(SourceAddress(prefix + text))
    except ProblemError as problem:
        assert problem.field == "source.url"


def test_what_goes_on_the_wire_is_ascii_and_whole() -> None:
    assert target_of("rtsp://camera/Straße?a=1&b=%20").url == "rtsp://camera/Stra%C3%9Fe?a=1&b=%20"
    assert target_of("rtsp://camera/x#part").url == "rtsp://camera/x"
    assert target_of("rtsp://camera/x").port == 554
    assert target_of("https://camera/x").port == 443


def test_passwords_are_not_shown() -> None:
    assert "hunter2" not in repr(SourceAddress("rtsp://camera/", "viewer", "hunter2"))

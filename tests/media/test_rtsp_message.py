import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.media.rtsp_message import (
    LARGEST_BODY_BYTES,
    Request,
    channels_of,
    content_length,
    parse_head,
    session_of,
    transport_of,
)

HEAD = (
    b'RTSP/1.0 401 Not Authorised\r\nCSeq: 2\r\nWWW-Authenticate: Basic realm="a"\r\n'
    b'www-authenticate:Digest realm="b",\r\n  nonce="c"\r\nContent-Length: 12\r\n\r\n'
)


@pytest.mark.parametrize("ends", [b"\r\n", b"\n", b"\r"])
def test_a_response(ends: bytes) -> None:
    head = HEAD.replace(b"\r\n", ends)
    response = parse_head(head)
    assert response is not None
    assert (response.status, response.reason, response.header("cseq")) == (401, "Not Authorised", "2")
    assert response.all("www-authenticate") == ['Basic realm="a"', 'Digest realm="b",  nonce="c"']
    assert response.header("session") == ""
    assert content_length(head) == 12


def test_a_response_without_a_reason() -> None:
    response = parse_head(b"RTSP/1.0 200\r\n\r\n")
    assert response is not None
    assert (response.status, response.reason) == (200, "")


def test_a_request_of_the_server_is_none() -> None:
    assert parse_head(b"ANNOUNCE rtsp://a RTSP/1.0\r\nCSeq: 1\r\n\r\n") is None


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"RTSP/1.0 OK\r\n",
        b"RTSP/1.0 \xc2\xb2\xc2\xb2 x\r\n",
        b"RTSP/1.0 0 x",
    ],
)
def test_what_is_not_rtsp(head: bytes) -> None:
    with pytest.raises(ValueError, match="not RTSP"):
        parse_head(head)


@pytest.mark.parametrize(
    "length", ["-1", "x", "1_0", "+5", "\u0662", "1.5", "", str(LARGEST_BODY_BYTES + 1), "9" * 5000]
)
def test_lengths_that_make_no_sense(length: str) -> None:
    with pytest.raises(ValueError, match="strange length"):
        content_length(f"RTSP/1.0 200 OK\r\nContent-Length: {length}\r\n\r\n".encode())


def test_no_length_is_no_body() -> None:
    assert content_length(b"RTSP/1.0 200 OK\r\n\r\n") == 0


@given(st.binary(max_size=200) | st.builds(lambda tail: b"RTSP/1.0 " + tail, st.binary(max_size=200)))
def test_any_bytes_are_a_head_or_a_value_error(head: bytes) -> None:
    for read in (parse_head, content_length):
        try:
            read(head)
        except ValueError:
            continue


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("12345", ("12345", 60.0)),
        ("12345;timeout=30", ("12345", 30.0)),
        (" a b ; Timeout = 90 ;x", ("a b", 90.0)),
        ("1;timeout=0", ("1", 2.0)),
        ("1;timeout=999999999", ("1", 86_400.0)),
        ("1;timeout=-5", ("1", 60.0)),
        ("1;timeout=\u00b2", ("1", 60.0)),
        (f"1;timeout={'9' * 5000}", ("1", 60.0)),
        ("", ("", 60.0)),
    ],
)
def test_sessions(header: str, expected: tuple[str, float]) -> None:
    assert session_of(header) == expected


def test_transports() -> None:
    header = 'RTP/AVP/TCP;unicast;interleaved=0-1;SSRC="AB12";mode = "PLAY",RTP/AVP;unicast'
    assert transport_of(header) == {
        "rtp/avp/tcp": "",
        "unicast": "",
        "interleaved": "0-1",
        "ssrc": "AB12",
        "mode": "PLAY",
    }
    assert transport_of("") == {}


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("0-1", (0, 1)),
        ("6970 - 6971", (6970, 6971)),
        ("4", (4, 5)),
        ("", None),
        ("-1", None),
        ("1-x", None),
        ("\u00b2", None),
        ("65535", None),
        ("99999-0", None),
        ("9" * 5000, None),
    ],
)
def test_pairs_of_channels_and_ports(text: str, pair: tuple[int, int] | None) -> None:
    assert channels_of(text) == pair


@given(st.text(max_size=60))
def test_any_headers_are_read(text: str) -> None:
    session_of(text)
    transport_of(text)
    channels_of(text)


def test_a_request_on_the_wire() -> None:
    request = Request("SETUP", "rtsp://a/b", {"Transport": "RTP/AVP/TCP"})
    assert request.encode(7) == (
        b"SETUP rtsp://a/b RTSP/1.0\r\nCSeq: 7\r\nUser-Agent: Gatehouse\r\nTransport: RTP/AVP/TCP\r\n\r\n"
    )

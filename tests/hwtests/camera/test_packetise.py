"""RTP payloads hold exactly what went in, by depacketisers written for these tests from the specifications."""

import av
from av.video.codeccontext import VideoCodecContext
from hypothesis import given
from hypothesis import strategies as st

from hwtests.camera.clocks import CameraClock
from hwtests.camera.config import Codec, Profile
from hwtests.camera.encoders import split_annex_b, split_obus, video_encoder
from hwtests.camera.packetise import PAYLOAD_SIZE, metadata_payloads, video_payloads, without_size
from hwtests.camera.pictures import open_pictures
from tests.hwtests.camera.watching import luma


def nal(types: tuple[int, ...], h265: bool) -> st.SearchStrategy[bytes]:
    heads = [bytes((t << 1, 1)) if h265 else bytes((0x60 | t,)) for t in types]
    return st.tuples(st.sampled_from(heads), st.binary(min_size=1, max_size=40), st.integers(1, 120)).map(
        lambda parts: parts[0] + parts[1] * parts[2]
    )


def from_h264(payloads: list[bytes]) -> list[bytes]:
    """RFC 6184 5.6 to 5.8."""
    nals: list[bytes] = []
    for payload in payloads:
        kind = payload[0] & 31
        if kind == 24:
            nals += aggregated(payload[1:])
        elif kind == 28:
            if payload[1] & 0x80:
                nals.append(bytes((payload[0] & 0xE0 | payload[1] & 31,)))
            nals[-1] += payload[2:]
        else:
            nals.append(payload)
    return nals


def from_h265(payloads: list[bytes]) -> list[bytes]:
    """RFC 7798 4.4."""
    nals: list[bytes] = []
    for payload in payloads:
        kind = payload[0] >> 1 & 63
        if kind == 48:
            nals += aggregated(payload[2:])
        elif kind == 49:
            if payload[2] & 0x80:
                nals.append(bytes((payload[0] & 0x81 | (payload[2] & 63) << 1, payload[1])))
            nals[-1] += payload[3:]
        else:
            nals.append(payload)
    return nals


def aggregated(data: bytes) -> list[bytes]:
    found = []
    while data:
        size = int.from_bytes(data[:2], "big")
        found.append(data[2 : 2 + size])
        data = data[2 + size :]
    return found


def from_av1(payloads: list[bytes]) -> list[bytes]:
    """AV1 RTP 4.4, W = 0: OBUs without size fields."""
    obus: list[bytes] = []
    for payload in payloads:
        data, goes_on = payload[1:], bool(payload[0] & 0x80)
        while data:
            size, shift = 0, 0
            while True:
                byte, data = data[0], data[1:]
                size, shift = size | (byte & 127) << shift, shift + 7
                if byte < 128:
                    break
            if goes_on:
                obus[-1] += data[:size]
            else:
                obus.append(data[:size])
            data, goes_on = data[size:], False
    return obus


@given(st.lists(nal((6, 7, 8), False), max_size=4), st.lists(nal((1, 5), False), min_size=1, max_size=4))
def test_h264(others: list[bytes], pictures: list[bytes]) -> None:
    payloads = video_payloads(Codec.H264, others + pictures, key=True)
    assert max(map(len, payloads)) <= PAYLOAD_SIZE
    assert from_h264(payloads) == others + pictures


@given(st.lists(nal((32, 33, 34, 39), True), max_size=4), st.lists(nal((1, 19), True), min_size=1, max_size=4))
def test_h265(others: list[bytes], pictures: list[bytes]) -> None:
    payloads = video_payloads(Codec.H265, others + pictures, key=True)
    assert max(map(len, payloads)) <= PAYLOAD_SIZE
    assert from_h265(payloads) == others + pictures


@given(st.lists(st.binary(min_size=1, max_size=30).flatmap(lambda b: st.just(b * 97)), min_size=1, max_size=6))
def test_av1(bodies: list[bytes]) -> None:
    obus = [b"\x32" + leb128(len(body)) + body for body in bodies]
    assert list(split_obus(b"".join(obus))) == obus
    payloads = video_payloads(Codec.AV1, obus, key=True)
    assert max(map(len, payloads)) <= PAYLOAD_SIZE
    assert from_av1(payloads) == [b"\x30" + body for body in bodies] == [without_size(o) for o in obus]
    assert [p[0] & 8 for p in payloads] == [8] + [0] * (len(payloads) - 1)


def leb128(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes((*out, value))


@given(st.binary(min_size=1, max_size=6000))
def test_metadata(document: bytes) -> None:
    payloads = metadata_payloads(document)
    assert b"".join(payloads) == document
    assert max(map(len, payloads)) <= PAYLOAD_SIZE


@given(st.lists(nal((1, 5, 7, 8), False).filter(lambda n: b"\0\0" not in n and n[-1]), min_size=1, max_size=5))
def test_a_byte_stream_comes_apart_where_it_was_put_together(nals: list[bytes]) -> None:
    assert list(split_annex_b(b"".join(b"\0\0\0\1" + n for n in nals))) == nals
    assert list(split_annex_b(b"".join(b"\0\0\1" + n for n in nals))) == nals


def test_av1_from_the_wire_decodes() -> None:
    profile = Profile(codec=Codec.AV1, width=320, height=180, fps=20.0)
    encoder, decoder = video_encoder(profile), av.CodecContext.create("libdav1d", "r")
    assert isinstance(decoder, VideoCodecContext)
    pictures = open_pictures("lobby", "Camera", (320, 180), CameraClock(0), None)
    decoded = []
    for i in range(15):
        for unit in encoder.encode(pictures.draw(i, i * 50_000), i, i * 50_000, key=False):
            obus = from_av1(video_payloads(Codec.AV1, unit.parts, unit.key))
            stream = b"".join(bytes((o[0] | 2,)) + leb128(len(o) - 1) + o[1:] for o in obus)
            decoded += [luma(f) for f in decoder.decode(av.Packet(b"\x12\0" + stream))]
    assert len(decoded) >= 5
    assert decoded[0].shape == (180, 320)

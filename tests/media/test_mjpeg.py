import io
from functools import cache
from unittest import mock

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.media.codecs import jpeg
from appliance.media.depacketise import mjpeg as payloads
from appliance.media.depacketise.mjpeg import MjpegDepacketiser
from appliance.media.model import VideoCodec
from hwtests.camera import packetise
from hwtests.camera.config import Codec
from tests.media.encoded import encode_video
from tests.media.rtp_streams import Heard, decoded, deliver, gstreamer, libav_video, numbers, packets_of, simulated

# one thread: libav's slices would need restart intervals, which its payloader does not tell
STANDARD = {"huffman": "default", "force_duplicated_matrix": "1", "strict": "unofficial", "threads": "1"}


def heard(packets: list[bytes], lose: tuple[int, ...] = (), size: tuple[int, int] = (0, 0)) -> Heard:
    out = Heard()
    deliver(MjpegDepacketiser(out, size), packets, lose)
    return out


@cache
def images(frames: int = 12, size: tuple[int, int] = (160, 120)) -> list[bytes]:
    _, packets = encode_video("mjpeg", frames, 25, size, STANDARD, gop=1, pix_fmt="yuvj420p")
    return [data for _, data, _ in packets]


def units(pictures: list[bytes], size: int = 300, first: int = 0) -> list[tuple[int, list[bytes]]]:
    return simulated(Codec.MJPEG, [[image] for image in pictures], size, first)


def scan_of(image: bytes) -> bytes:
    return packetise._parse_jpeg(image)[3]


@pytest.mark.parametrize("packet_bytes", [300, 1400])
def test_what_libav_sends_decodes_picture_by_picture(packet_bytes: int) -> None:
    packets, _ = libav_video("mjpeg", 28, STANDARD, packet_bytes=packet_bytes, pix_fmt="yuvj420p")
    out = heard(packets)
    assert numbers(decoded(out.formats[0], out.units)) == list(range(28))
    assert [(f.codec, f.width, f.height) for f in out.formats] == [(VideoCodec.MJPEG, 160, 120)]
    assert all(key and not damaged for _, _, key, damaged in out.units)


@pytest.mark.parametrize("mtu", [200, 1400])
@pytest.mark.parametrize("pixels", ["I420", "Y42B"])
@pytest.mark.parametrize("quality", [20, 85])
def test_what_gstreamer_sends_decodes_picture_by_picture(mtu: int, pixels: str, quality: int) -> None:
    source = f"videotestsrc num-buffers=10 pattern=ball ! video/x-raw,format={pixels},width=320,height=240"
    out = heard(gstreamer(f"{source} ! jpegenc quality={quality} ! rtpjpegpay mtu={mtu}"))
    pictures = decoded(out.formats[0], out.units)
    assert [(p.width, p.height) for p in pictures] == [(320, 240)] * 10
    assert {p.format.name for p in pictures} == {"yuvj420p" if pixels == "I420" else "yuvj422p"}


@given(st.integers(200, 1500))
def test_any_packet_size_gives_the_same_pictures(size: int) -> None:
    units_ = heard(packets_of(units(images(), size))).units
    assert [scan_of(data) for _, data, _, _ in units_] == [scan_of(image) for image in images()]


@given(size=st.integers(200, 1500), lost=st.integers(0, 10_000))
def test_a_picture_that_lost_a_packet_is_left_out_and_the_next_one_shows_the_hole(size: int, lost: int) -> None:
    packets = packets_of(units(images(), size))
    lost = 1 + lost % (len(packets) - 1)
    hit = int.from_bytes(packets[lost][4:8])
    expected = [(rtp, data, key, rtp == hit + 3600) for rtp, data, key, _ in heard(packets).units if rtp != hit]
    assert heard(packets, (lost,)).units == expected


def test_without_markers_a_picture_ends_when_the_timestamp_changes() -> None:
    marked, unmarked = (heard(packets_of(units(images()), mark=mark)) for mark in (True, False))
    assert unmarked.units == marked.units[:-1]


def test_a_new_size_is_announced() -> None:
    out = heard(packets_of([*units(images(2)), *units(images(2, (320, 240)), first=2)]))
    assert [(f.width, f.height) for f in out.formats] == [(160, 120), (320, 240)]


def test_sizes_beyond_the_header_come_from_the_description() -> None:
    tables, _, _, scan = packetise._parse_jpeg(images(1, (2560, 1440))[0])
    sent = packets_of([(0, [bytes((0, 0, 0, 0, 1, 255, 0, 0, 0, 0, 0, 128)) + tables + scan])])
    assert heard(sent).units == []
    out = heard(sent, size=(2560, 1440))
    assert [(p.width, p.height) for p in decoded(out.formats[0], out.units)] == [(2560, 1440)]


def test_tables_once_sent_serve_the_pictures_that_follow() -> None:
    ((_, (payload,)),) = units(images(1), 5000)
    full = payload[:5] + b"\xc8" + payload[6:]
    short = full[:8] + b"\0\0\0\0" + full[12 + 128 :]
    out = heard(packets_of([(0, [full]), (3600, [short])]))
    assert [scan_of(data) for _, data, _, _ in out.units] == [scan_of(images(1)[0])] * 2
    assert out.units[0][1] == out.units[1][1]
    assert heard(packets_of([(3600, [short])])).units == []


def test_restart_intervals_reach_the_image() -> None:
    sent = units(images(1), 5000)[0][1][0]
    out = heard(packets_of([(0, [sent[:4] + b"\x41" + sent[5:8] + b"\x00\x05\xff\xff" + sent[8:]])]))
    assert b"\xff\xdd\x00\x04\x00\x05" in out.units[0][1]


@pytest.mark.parametrize("quality", [1, 10, 49, 50, 75, 99])
def test_tables_of_a_quality_are_those_of_the_standard(quality: int) -> None:
    """GStreamer and libjpeg scale the tables of annex K in the same way."""
    source = "videotestsrc num-buffers=1 ! video/x-raw,format=I420,width=32,height=32"
    image = heard(gstreamer(f"{source} ! jpegenc quality={quality} ! rtpjpegpay quality=255")).units[0][1]
    tables, *_ = packetise._parse_jpeg(image)
    assert jpeg.tables_for_quality(quality) == tables


def test_the_size_of_an_image() -> None:
    image = images(1)[0]
    assert jpeg.size_of(image) == (160, 120)
    assert jpeg.size_of(image[:2] + b"\xff\xff\xff" + image[2:]) == (160, 120)


@given(st.binary(max_size=60) | st.builds(lambda b: b"\xff\xd8" + b, st.binary(max_size=60)))
def test_any_bytes_have_a_size_or_are_no_image(data: bytes) -> None:
    try:
        width, height = jpeg.size_of(data)
    except ValueError:
        return
    assert min(width, height) > 0


# --- hostile bytes ---------------------------------------------------------------------------------------------------

packets = st.builds(
    lambda offset, kind, quality, tail: b"\0" + offset.to_bytes(3) + bytes((kind, quality, 20, 15)) + tail,
    st.sampled_from([0, 0, 5, 100]),
    st.sampled_from([0, 1, 2, 63, 64, 65, 66, 127, 128, 255]),
    st.sampled_from([0, 1, 50, 99, 127, 128, 255]),
    st.binary(max_size=150),
)


@given(st.lists(st.tuples(st.integers(0, 5), st.lists(packets | st.binary(max_size=20), min_size=1, max_size=4))))
def test_any_payloads_are_taken(sent: list[tuple[int, list[bytes]]]) -> None:
    for _, data, _, _ in [*heard(packets_of(sent, mark=False)).units, *heard(packets_of(sent), (1, 3)).units]:
        assert jpeg.size_of(data) == (160, 120)


@given(st.integers(0, 10_000), st.integers(0, 10_000), st.integers(0, 255))
def test_a_changed_byte_costs_at_most_its_picture(where: int, at: int, value: int) -> None:
    packets = packets_of(units(images()))
    where %= len(packets)
    packet = bytearray(packets[where])
    packet[12 + at % (len(packet) - 12)] = value
    hit = int.from_bytes(packet[4:8])
    right = [unit[:3] for unit in heard(packets).units if unit[0] != hit]
    packets[where] = bytes(packet)
    assert [unit[:3] for unit in heard(packets).units if unit[0] != hit] == right


def test_a_picture_without_an_end_is_given_up() -> None:
    sent = [b"\0\0\0\0\1\x32\x14\x0f" + bytes(100)]
    sent += [b"\0" + (100 * n).to_bytes(3) + b"\1\x32\x14\x0f" + bytes(100) for n in range(1, 1000)]
    with mock.patch.object(payloads, "LARGEST_UNIT_BYTES", 5000):
        out = Heard()
        depacketiser = MjpegDepacketiser(out)
        deliver(depacketiser, packets_of([(0, sent)], mark=False))
        assert len(depacketiser._image) < 6000
        deliver(depacketiser, packets_of(units(images(2), first=1)))
    assert [unit[0] for unit in out.units] == [3600, 7200]


def test_images_open_in_a_reader_that_we_did_not_write() -> None:
    out = heard(packets_of(units(images(1))))
    with av.open(io.BytesIO(out.units[0][1]), "r", format="jpeg_pipe") as container:
        assert next(container.decode(video=0)).width == 160

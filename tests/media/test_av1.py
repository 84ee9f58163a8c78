import io
import subprocess
from functools import cache, partial
from unittest import mock

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.media.codecs import av1
from appliance.media.depacketise import av1 as payloads
from appliance.media.depacketise.av1 import Av1Depacketiser
from hwtests.camera import packetise
from hwtests.camera.config import Codec
from hwtests.camera.encoders import split_obus
from tests.media.encoded import av1 as through_mp4
from tests.media.encoded import encode_video
from tests.media.rtp_streams import (
    Heard,
    decoded,
    deliver,
    libav_video,
    numbers,
    packets_of,
    simulated,
    whole_again_after_a_loss,
)

SVT = "pred-struct=1:keyint=10:logical-processors=1"
DELIMITER, SEQUENCE = 2, 1

units = partial(simulated, Codec.AV1)


def heard(packets: list[bytes], lose: tuple[int, ...] = ()) -> Heard:
    out = Heard()
    deliver(Av1Depacketiser(out), packets, lose)
    return out


@cache
def pictures(frames: int = 28, size: tuple[int, int] = (160, 120)) -> list[list[bytes]]:
    """The OBUs of each temporal unit."""
    options = {"preset": "12", "svtav1-params": SVT}
    _, packets = encode_video("libsvtav1", frames, 25, size, options, gop=10)
    return [list(split_obus(data)) for _, data, _ in packets]


def kind(obu: bytes) -> int:
    return av1.obu_type(obu[0])


@pytest.mark.parametrize("packet_bytes", [100, 1400, 60_000])
def test_what_libav_sends_decodes_picture_by_picture(packet_bytes: int) -> None:
    options = {"preset": "12", "svtav1-params": SVT}
    out = heard(libav_video("libsvtav1", 28, options, packet_bytes=packet_bytes)[0])
    assert numbers(decoded(out.formats[0], out.units)) == list(range(28))
    assert [n for n, unit in enumerate(out.units) if unit[2]] == [0, 10, 20]
    assert not any(damaged for _, _, _, damaged in out.units)
    assert [(f.width, f.height, f.codec_string) for f in out.formats] == [(160, 120, "av01.0.00M.08")]


@given(size=st.integers(64, 1500), lost=st.integers(0, 10_000))
def test_a_lost_packet_spoils_nothing_before_it_and_nothing_from_the_next_key_picture_on(size: int, lost: int) -> None:
    whole_again_after_a_loss(heard, packets_of(units(pictures(25), size)), lost)


@given(st.integers(64, 1500))
def test_any_packet_size_gives_the_same_units(size: int) -> None:
    obus = pictures(12)
    expected = [b"".join(av1.with_size(obu) for obu in each if kind(obu) != DELIMITER) for each in obus]
    assert [data for _, data, _, _ in heard(packets_of(units(obus, size))).units] == expected


def test_without_markers_a_unit_ends_when_the_timestamp_changes() -> None:
    marked, unmarked = (heard(packets_of(units(pictures(12)), mark=mark)) for mark in (True, False))
    assert unmarked.units == marked.units[:-1]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_elements_that_are_counted_leave_out_the_last_length(count: int) -> None:
    obus = pictures(12)
    sent = []
    for n, each in enumerate(obus):
        parts = [packetise.without_size(obu) for obu in each]
        sent.append((n * 3600, [_counted(parts[at : at + count]) for at in range(0, len(parts), count)]))
    assert heard(packets_of(sent)).units == heard(packets_of(units(obus, 5000))).units


def _counted(elements: list[bytes]) -> bytes:
    lengths = [av1.leb128(len(element)) for element in elements[:-1]] + [b""]
    body = b"".join(length + element for length, element in zip(lengths, elements, strict=True))
    return bytes((len(elements) << 4,)) + body


def test_obus_that_kept_their_size_fields_are_taken_as_well() -> None:
    obus = pictures(12)
    sent = [(n * 3600, [b"\x10" + obu for obu in each]) for n, each in enumerate(obus)]
    assert heard(packets_of(sent)).units == heard(packets_of(units(obus, 5000))).units


def test_a_key_unit_gets_the_sequence_header_that_its_camera_left_out() -> None:
    obus = pictures(28)
    bare = [[obu for obu in each if n == 0 or kind(obu) != SEQUENCE] for n, each in enumerate(obus)]
    assert heard(packets_of(units(bare))).units == heard(packets_of(units(obus))).units


def test_a_sequence_header_does_not_make_a_key_unit() -> None:
    obus = pictures(28)
    header = next(obu for obu in obus[0] if kind(obu) == SEQUENCE)
    every = [[header, *(obu for obu in each if kind(obu) not in (SEQUENCE, DELIMITER))] for each in obus]
    out = heard(packets_of(units(every)))
    assert [n for n, unit in enumerate(out.units) if unit[2]] == [0, 10, 20]
    assert heard(packets_of(units(every[3:], first=3))).units[0][0] == 36_000


def test_a_new_size_mid_stream_is_announced_with_its_key_picture() -> None:
    small, large = pictures(10), pictures(10, (320, 240))
    out = heard(packets_of([*units(small), *units(large, first=10)]))
    assert [(f.width, f.height) for f in out.formats] == [(160, 120), (320, 240)]
    assert [len(decoded(out.formats[n], out.units[10 * n : 10 * n + 10])) for n in (0, 1)] == [10, 10]


def test_the_configuration_record_is_the_one_that_libav_writes() -> None:
    fmt, _ = through_mp4(1)
    made = av1.video_format(fmt.config[4:])
    assert (made.config[:3], made.config[4:]) == (fmt.config[:3], fmt.config[4:])
    assert (made.width, made.height, made.codec_string) == (160, 120, "av01.0.00M.08")


@pytest.mark.parametrize(
    ("pix_fmt", "params", "name"),
    [
        ("yuv420p", "", "av01.0.00M.08"),
        ("yuv420p10le", "", "av01.0.00M.10"),
        ("yuv444p", "", "av01.1.00M.08"),
        ("yuv422p", "", "av01.2.00M.08"),
        ("yuv422p12le", "", "av01.2.00M.12"),
        ("gray", "", "av01.0.00M.08"),
        ("yuv420p", "enable-order-hint=0:error-resilient=1", "av01.0.00M.08"),
        ("yuv420p", "timing-info=model", "av01.0.00M.08"),
        ("yuv420p", "timing-info=constant", "av01.0.00M.08"),
        ("yuv420p", "color-primaries=bt709:transfer-characteristics=bt709:matrix-coefficients=bt709", "av01.0.00M.08"),
    ],
)
def test_every_kind_of_sequence_header(pix_fmt: str, params: str, name: str) -> None:
    source = f"-f lavfi -i testsrc=size=130x98:rate=25 -frames:v 3 -pix_fmt {pix_fmt}"
    encoder = "-c:v libaom-av1 -cpu-used 8 -usage realtime" + (f" -aom-params {params}" if params else "")
    command = f"ffmpeg -v error {source} {encoder} -f ivf -"
    file = subprocess.run(command.split(), check=True, capture_output=True, timeout=60).stdout
    with av.open(io.BytesIO(file), "r") as container:
        obus = [list(split_obus(bytes(packet))) for packet in container.demux(video=0) if packet.size]
    out = heard(packets_of(units(obus)))
    assert [(f.width, f.height, f.codec_string) for f in out.formats] == [(130, 98, name)]
    assert len(decoded(out.formats[0], out.units)) == 3


# --- hostile bytes ---------------------------------------------------------------------------------------------------


@given(st.binary(max_size=80) | st.builds(lambda tail: b"\x0a" + tail, st.binary(max_size=5000)))
def test_any_bytes_are_a_sequence_header_or_a_value_error(data: bytes) -> None:
    try:
        fmt = av1.video_format(data)
    except ValueError:
        return
    assert 0 < fmt.width <= av1.LARGEST
    assert 0 < fmt.height <= av1.LARGEST


@given(st.integers(0, (1 << 56) - 1), st.binary(max_size=9))
def test_lengths(value: int, behind: bytes) -> None:
    data = av1.leb128(value)
    assert av1.read_leb128(data + behind, 0, len(data)) == (value, len(data))
    with pytest.raises(ValueError, match="cut short"):
        av1.read_leb128(data, 0, len(data) - 1)


elements = st.builds(
    lambda flags, head, tail: bytes((flags,)) + head + tail,
    st.integers(0, 255),
    st.sampled_from([b"", b"\x03\x0a\x01\x00", b"\x05\x32\x03\x10\x00\x00", b"\x0a\x0b\x00\x00", b"\x12\x00"]),
    st.binary(max_size=60),
)


@given(st.lists(st.tuples(st.integers(0, 5), st.lists(elements | st.binary(max_size=40), min_size=1, max_size=4))))
def test_any_payloads_are_taken(sent: list[tuple[int, list[bytes]]]) -> None:
    heard(packets_of(sent, mark=False))
    heard(packets_of(sent), (1, 3))


@given(st.integers(0, 10_000), st.integers(0, 10_000), st.integers(0, 255))
def test_a_changed_byte_does_not_outlive_the_stream(where: int, at: int, value: int) -> None:
    first, second = units(pictures(28), 200), units(pictures(10), first=100)
    packets = packets_of([*first, *second])
    where %= len(packets_of(first))
    packet = bytearray(packets[where])
    packet[12 + at % (len(packet) - 12)] = value
    packets[where] = bytes(packet)
    assert heard(packets).units[-10:] == heard(packets_of(second)).units


def test_a_unit_without_an_end_is_given_up() -> None:
    endless = [(0, [b"\x50\x32" + bytes(100), *[b"\xd0" + bytes(100)] * 1000])]
    with mock.patch.object(payloads, "LARGEST_UNIT_BYTES", 5000):
        out = Heard()
        depacketiser = Av1Depacketiser(out)
        deliver(depacketiser, packets_of(endless, mark=False))
        assert len(depacketiser._obu) < 6000
        deliver(depacketiser, packets_of(units(pictures(5), first=10)))
    assert len(out.units) == 5

from functools import cache, partial
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.media.codecs import h265
from appliance.media.depacketise import h265 as payloads
from appliance.media.depacketise import nal
from appliance.media.depacketise.h265 import H265Depacketiser
from hwtests.camera.config import Codec
from hwtests.camera.encoders import split_annex_b
from tests.media.encoded import encode_video
from tests.media.encoded import h265 as through_mp4
from tests.media.rtp_streams import (
    Heard,
    decoded,
    deliver,
    gstreamer,
    libav_video,
    numbers,
    packets_of,
    simulated,
    whole_again_after_a_loss,
)

X265 = "keyint=10:min-keyint=10:scenecut=0:b-adapt=0:log-level=none:pools=none:frame-threads=1"

units = partial(simulated, Codec.H265)


def heard(packets: list[bytes], lose: tuple[int, ...] = (), sets: tuple[bytes, ...] = ()) -> Heard:
    out = Heard()
    deliver(H265Depacketiser(out, sets), packets, lose)
    return out


@cache
def pictures(
    frames: int = 28,
    params: str = "bframes=0",
    size: tuple[int, int] = (160, 120),
    pix_fmt: str = "yuv420p",
) -> list[list[bytes]]:
    """The NAL units of each picture in decode order, parameter sets in front of key pictures."""
    options = {"preset": "ultrafast", "x265-params": f"repeat-headers=1:annexb=1:{X265}:{params}"}
    _, packets = encode_video("libx265", frames, 25, size, options, gop=10, pix_fmt=pix_fmt)
    return [list(split_annex_b(data)) for _, data, _ in packets]


def sets_of(nals: list[list[bytes]]) -> tuple[bytes, ...]:
    return tuple(next(n for n in nals[0] if h265.nal_type(n[0]) == kind) for kind in (32, 33, 34))


# --- against payloaders that we did not write ------------------------------------------------------------------------


@pytest.mark.parametrize("packet_bytes", [100, 1400, 60_000])
@pytest.mark.parametrize("bframes", [0, 2])
def test_what_libav_sends_decodes_picture_by_picture(packet_bytes: int, bframes: int) -> None:
    options = {"preset": "ultrafast", "x265-params": f"{X265}:bframes={bframes}"}
    out = heard(libav_video("libx265", 28, options, packet_bytes=packet_bytes)[0])
    assert numbers(decoded(out.formats[0], out.units)) == list(range(28))
    assert sum(key for _, _, key, _ in out.units) == 3
    assert not any(damaged for _, _, _, damaged in out.units)
    assert [(f.width, f.height) for f in out.formats] == [(160, 120)]


@pytest.mark.parametrize("mtu", [200, 1400])
@pytest.mark.parametrize("aggregate", ["none", "max"])
def test_what_gstreamer_sends_decodes_picture_by_picture(mtu: int, aggregate: str) -> None:
    source = "videotestsrc num-buffers=20 pattern=ball ! video/x-raw,width=322,height=242,framerate=25/1"
    encoder = "x265enc key-int-max=10 speed-preset=ultrafast option-string=log-level=none:pools=none"
    packets = gstreamer(f"{source} ! {encoder} ! rtph265pay mtu={mtu} config-interval=-1 aggregate-mode={aggregate}")
    out = heard(packets)
    assert [(f.width, f.height) for f in out.formats] == [(322, 242)]
    assert len(decoded(out.formats[0], out.units)) == 20


# --- units -----------------------------------------------------------------------------------------------------------


@given(size=st.integers(64, 1500), lost=st.integers(0, 10_000))
def test_a_lost_packet_spoils_nothing_before_it_and_nothing_from_the_next_key_picture_on(size: int, lost: int) -> None:
    whole_again_after_a_loss(heard, packets_of(units(pictures(25), size)), lost)


@given(st.integers(64, 1500))
def test_any_packet_size_gives_the_same_units(size: int) -> None:
    nals = pictures(12)
    kept = [[n for n in each if h265.nal_type(n[0]) not in (32, 33, 34, 35)] for each in nals]
    expected = [b"".join(len(n).to_bytes(4) + n for n in each) for each in kept]
    assert [data for _, data, _, _ in heard(packets_of(units(nals, size))).units] == expected


def test_without_markers_a_unit_ends_when_the_timestamp_changes() -> None:
    marked, unmarked = (heard(packets_of(units(pictures(12)), mark=mark)) for mark in (True, False))
    assert unmarked.units == marked.units[:-1]


def test_markers_inside_a_picture_cost_no_more_than_its_gop() -> None:
    sent = units(pictures(30), 80)
    packets = [bytes((p[0], p[1] | 0x80)) + p[2:] for p in packets_of(sent)]
    assert heard(packets).units[-19:] == heard(packets_of(sent)).units[10:29]


def test_an_end_of_sequence_of_two_bytes_is_no_damage() -> None:
    nals = [[*each, b"\x48\x01", b"\x4c\x01\xff\xff\x80"] for each in pictures(12)]
    out = heard(packets_of(units(nals)))
    assert not any(damaged for _, _, _, damaged in out.units)
    assert all(data.endswith(b"\x00\x00\x00\x02\x48\x01") for _, data, _, _ in out.units)


def test_a_stream_that_names_its_parameter_sets_only_in_the_description() -> None:
    nals = pictures(28)
    bare = [[n for n in each if h265.nal_type(n[0]) not in (32, 33, 34)] for each in nals]
    assert heard(packets_of(units(bare))).units == []
    out = heard(packets_of(units(bare)), sets=sets_of(nals))
    assert numbers(decoded(out.formats[0], out.units)) == list(range(28))


def test_a_new_size_mid_stream_is_announced_with_its_key_picture() -> None:
    small, large = pictures(10), pictures(10, size=(320, 240))
    out = heard(packets_of([*units(small), *units(large, first=10)]))
    assert [(f.width, f.height) for f in out.formats] == [(160, 120), (320, 240)]
    assert [len(decoded(out.formats[n], out.units[10 * n : 10 * n + 10])) for n in (0, 1)] == [10, 10]


def test_open_gops_are_entered_at_their_clean_random_access_pictures() -> None:
    nals = pictures(50, "bframes=2:open-gop=1")
    assert sum(key for _, _, key, _ in heard(packets_of(units(nals))).units) == 5
    late = heard(packets_of(units(nals[15:])))
    assert late.units[0][2]
    assert len(decoded(late.formats[0], late.units)) >= 20


# --- parameter sets --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "size", "pix_fmt"),
    [
        ("bframes=0", (1920, 1080), "yuv420p"),
        ("bframes=0", (322, 242), "yuv422p"),
        ("bframes=0", (322, 242), "yuv444p"),
        ("bframes=0", (322, 242), "yuv420p10le"),
        ("bframes=3:temporal-layers=2", (322, 242), "yuv420p"),
        ("level-idc=5.1:high-tier=1", (322, 242), "gray"),
    ],
)
def test_the_size_and_the_name_of_every_profile(params: str, size: tuple[int, int], pix_fmt: str) -> None:
    nals = pictures(3, params, size, pix_fmt)
    out = heard(packets_of(units(nals)))
    assert [(f.width, f.height) for f in out.formats] == [size]
    assert [(p.width, p.height) for p in decoded(out.formats[0], out.units)] == [size] * 3


def test_the_configuration_record_is_the_one_that_libav_writes() -> None:
    fmt, _ = through_mp4(1)
    sets = []
    at = 23
    for _ in range(3):
        size = int.from_bytes(fmt.config[at + 3 : at + 5])
        sets.append(fmt.config[at + 5 : at + 5 + size])
        at += 5 + size
    made = h265.video_format((sets[0],), sets[1], (sets[2],))
    assert made.codec_string == "hvc1.1.6.L30.90"
    assert made.config[:13] == fmt.config[:13]
    assert [made.config[n] for n in (16, 17, 18)] == [fmt.config[n] for n in (16, 17, 18)]
    assert made.config[21] & 0x3F == fmt.config[21] & 0x3F


@given(st.binary(max_size=80) | st.builds(lambda tail: b"\x42\x01\x01\x01" + tail, st.binary(max_size=5000)))
def test_any_bytes_are_a_sequence_parameter_set_or_a_value_error(data: bytes) -> None:
    try:
        sps = h265.parse_sps(data)
    except ValueError:
        return
    assert 0 < sps.width <= h265.LARGEST
    assert 0 < sps.height <= h265.LARGEST


@given(st.lists(st.tuples(st.sampled_from([0x40, 0x42, 0x44]), st.binary(max_size=40)), max_size=30), st.binary())
def test_any_parameter_sets_are_taken(sets: list[tuple[int, bytes]], picture: bytes) -> None:
    known = h265.ParameterSets()
    for head, tail in sets:
        known.take(bytes((head, 1)) + tail)
        known.format(picture)
    for each in sets_of(pictures(1)):
        known.take(each)
    assert known.format(b"\x26\x01\xaf") is not None


# --- hostile bytes ---------------------------------------------------------------------------------------------------

fragments = st.builds(
    lambda kind, header, tail: bytes((kind << 1, 1, header)) + tail,
    st.sampled_from([48, 49, 50, 1, 19, 21, 32, 33, 34, 39]),
    st.integers(0, 255),
    st.binary(max_size=60),
)


@given(st.lists(st.tuples(st.integers(0, 5), st.lists(fragments | st.binary(max_size=40), min_size=1, max_size=4))))
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
    endless = [(0, [b"\x62\x01\x93" + b"\x88" * 100, *[b"\x62\x01\x13" + bytes(100)] * 1000])]
    with mock.patch.object(nal, "LARGEST_UNIT_BYTES", 5000), mock.patch.object(payloads, "LARGEST_UNIT_BYTES", 5000):
        out = Heard()
        depacketiser = H265Depacketiser(out)
        deliver(depacketiser, packets_of(endless, mark=False))
        assert len(depacketiser._au) < 6000
        deliver(depacketiser, packets_of(units(pictures(5), first=1)))
    assert len(out.units) == 5

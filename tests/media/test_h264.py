from functools import cache, partial
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.media.codecs import h264
from appliance.media.depacketise import h264 as payloads
from appliance.media.depacketise import nal
from appliance.media.depacketise.h264 import H264Depacketiser, recovery_frames
from hwtests.camera.config import Codec
from hwtests.camera.encoders import split_annex_b
from tests.media.encoded import encode_video
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

GOP = "keyint=10:min-keyint=10:scenecut=0:b-adapt=0"
SETS = "repeat-headers=1:annexb=1:threads=1"

units = partial(simulated, Codec.H264)


def heard(packets: list[bytes], lose: tuple[int, ...] = (), sets: tuple[bytes, ...] = ()) -> Heard:
    out = Heard()
    deliver(H264Depacketiser(out, sets), packets, lose)
    return out


@cache
def pictures(
    frames: int = 28, params: str = f"{GOP}:bframes=0", size: tuple[int, int] = (160, 120), pix_fmt: str = "yuv420p"
) -> list[list[bytes]]:
    """The NAL units of each picture in decode order, parameter sets in front of key pictures."""
    options = {"preset": "ultrafast", "x264-params": f"{SETS}:{params}"}
    _, packets = encode_video("libx264", frames, 25, size, options, gop=10, pix_fmt=pix_fmt)
    return [list(split_annex_b(data)) for _, data, _ in packets]


def kinds(data: bytes) -> list[int]:
    """The types of the NAL units in a length-prefixed unit."""
    found = []
    while data:
        size = int.from_bytes(data[:4])
        found.append(data[4] & 31)
        data = data[4 + size :]
    return found


def sets_of(nals: list[list[bytes]]) -> tuple[bytes, bytes]:
    sps, pps = (next(n for n in nals[0] if n[0] & 31 == kind) for kind in (7, 8))
    return sps, pps


def renumbered_pps(pps: bytes, number: int) -> bytes:
    """The same PPS under another number below 7 (its number 0 is the first bit; its bits move on)."""
    assert pps[1] & 0x80
    bits = f"{int.from_bytes(pps):0{8 * len(pps)}b}".rstrip("0")[:-1]  # without the stop bit
    code = f"{number + 1:b}"
    moved = bits[:8] + "0" * (len(code) - 1) + code + bits[9:] + "1"
    return int(moved.ljust(-(-len(moved) // 8) * 8, "0"), 2).to_bytes(-(-len(moved) // 8))


# --- against payloaders that we did not write ------------------------------------------------------------------------


@pytest.mark.parametrize("packet_bytes", [100, 500, 1400, 60_000])
@pytest.mark.parametrize("bframes", [0, 2])
def test_what_libav_sends_decodes_picture_by_picture(packet_bytes: int, bframes: int) -> None:
    options = {"x264-params": f"{GOP}:bframes={bframes}"}
    out = heard(libav_video("libx264", 28, options, packet_bytes=packet_bytes)[0])
    assert numbers(decoded(out.formats[0], out.units)) == list(range(28))
    assert sum(key for _, _, key, _ in out.units) == 3
    assert not any(damaged for _, _, _, damaged in out.units)
    assert [(f.width, f.height, f.codec_string[:5]) for f in out.formats] == [(160, 120, "avc1.")]


@pytest.mark.parametrize("mtu", [200, 1400])
@pytest.mark.parametrize("aggregate", ["none", "zero-latency", "max-stap"])
def test_what_gstreamer_sends_decodes_picture_by_picture(mtu: int, aggregate: str) -> None:
    source = "videotestsrc num-buffers=30 pattern=ball ! video/x-raw,width=322,height=242,framerate=25/1"
    encoder = "x264enc key-int-max=10 speed-preset=ultrafast threads=1"
    packets = gstreamer(f"{source} ! {encoder} ! rtph264pay mtu={mtu} config-interval=-1 aggregate-mode={aggregate}")
    out = heard(packets)
    assert [(f.width, f.height) for f in out.formats] == [(322, 242)]
    assert len(decoded(out.formats[0], out.units)) == 30


# --- units -----------------------------------------------------------------------------------------------------------


@given(size=st.integers(64, 1500), lost=st.integers(0, 10_000))
def test_a_lost_packet_spoils_nothing_before_it_and_nothing_from_the_next_key_picture_on(size: int, lost: int) -> None:
    nals = pictures(30)
    whole_again_after_a_loss(heard, packets_of(units(nals, size)), lost)


@given(st.integers(64, 1500))
def test_any_packet_size_gives_the_same_units(size: int) -> None:
    nals = pictures(12)
    expected = [b"".join(len(n).to_bytes(4) + n for n in each if n[0] & 31 not in (7, 8, 9)) for each in nals]
    assert [data for _, data, _, _ in heard(packets_of(units(nals, size))).units] == expected


def test_without_markers_a_unit_ends_when_the_timestamp_changes() -> None:
    nals = pictures(12)
    marked, unmarked = heard(packets_of(units(nals))), heard(packets_of(units(nals), mark=False))
    assert unmarked.units == marked.units[:-1]


@pytest.mark.parametrize("size", [80, 5000])
def test_markers_inside_a_picture_cost_no_more_than_its_gop(size: int) -> None:
    nals = pictures(30, f"{GOP}:bframes=0:slices=3")
    packets = [bytes((p[0], p[1] | 0x80)) + p[2:] for p in packets_of(units(nals, size))]
    out, right = heard(packets), heard(packets_of(units(nals, size)))
    assert out.units[-19:] == right.units[10:29]


def test_markers_on_parameter_sets_harm_nothing() -> None:
    nals = pictures(12)
    assert len(nals[0]) > 3
    sent = [(rtp, [nal]) for rtp, each in enumerate(nals) for nal in each]
    assert heard(packets_of(sent)).units == heard(packets_of([(n, each) for n, each in enumerate(nals)])).units


def test_fragments_without_an_end_bit_end_with_the_marker() -> None:
    nals = pictures(12)
    sent = units(nals, 100)
    dull = [(rtp, [_without_end(payload) for payload in payloads]) for rtp, payloads in sent]
    assert heard(packets_of(dull)).units == heard(packets_of(sent)).units


def _without_end(payload: bytes) -> bytes:
    return bytes((payload[0], payload[1] & ~0x40)) + payload[2:] if payload[0] & 31 == 28 else payload


def test_parameter_sets_delimiters_and_filler_are_no_part_of_a_unit() -> None:
    nals = [[b"\x09\xf0", *each, b"\x0c" + b"\xff" * 50 + b"\x80", b"\x0b"] for each in pictures(12)]
    assert {kind for _, data, _, _ in heard(packets_of(units(nals))).units for kind in kinds(data)} <= {1, 5, 6, 11}


def test_a_stream_that_names_its_parameter_sets_only_in_the_description() -> None:
    nals = pictures(28)
    bare = [[n for n in each if n[0] & 31 not in (7, 8)] for each in nals]
    assert heard(packets_of(units(bare))).units == []
    out = heard(packets_of(units(bare)), sets=sets_of(nals))
    assert numbers(decoded(out.formats[0], out.units)) == list(range(28))


def test_a_new_size_mid_stream_is_announced_with_its_key_picture() -> None:
    small, large = pictures(10), pictures(10, size=(320, 240))
    out = heard(packets_of([*units(small), *units(large, first=10)]))
    assert [(f.width, f.height) for f in out.formats] == [(160, 120), (320, 240)]
    assert [len(decoded(out.formats[n], out.units[10 * n : 10 * n + 10])) for n in (0, 1)] == [10, 10]


def test_two_sequences_take_turns_under_their_own_numbers() -> None:
    """The picture names its sets: those of another sequence, sent again at any time, change nothing."""
    one, two = pictures(10), pictures(10, f"{GOP}:bframes=0:sps-id=3", size=(320, 240))
    every = [*one, [*two[0][:2], *one[0]], *one[1:], *two]
    out = heard(packets_of(units(every)))
    assert [(f.width, f.height) for f in out.formats] == [(160, 120), (320, 240)]
    assert len(decoded(out.formats[1], out.units[-10:])) == 10


def test_all_picture_parameter_sets_are_kept() -> None:
    nals = pictures(28)
    sps, pps = sets_of(nals)
    nals[0] = [sps, pps, renumbered_pps(pps, 5), renumbered_pps(pps, 2), *nals[0][2:]]
    out = heard(packets_of(units(nals)))
    assert out.formats[0].config.count(sps) == out.formats[0].config.count(pps) == 1
    assert out.formats[0].config[8 + len(sps)] == 3
    assert len(decoded(out.formats[0], out.units)) == 28


def test_a_set_that_changes_between_key_pictures_travels_with_its_picture() -> None:
    nals = pictures(12)
    nals[5] = [renumbered_pps(sets_of(nals)[1], 4), *nals[5]]
    out = heard(packets_of(units(nals)))
    assert kinds(out.units[5][1]) == [8, 1]
    assert [len(f.config) > len(out.formats[0].config) for f in out.formats] == [False, True]


# --- entries ---------------------------------------------------------------------------------------------------------


def test_open_gops_are_entered_at_their_recovery_points() -> None:
    nals = pictures(50, f"{GOP}:bframes=2:open-gop=1")
    out = heard(packets_of(units(nals)))
    assert sum(key for _, _, key, _ in out.units) == 5
    late = heard(packets_of(units(nals[15:])))
    assert late.units[0][2]
    assert len(decoded(late.formats[0], late.units)) >= 20


def test_intra_pictures_behind_their_parameter_sets_are_entries() -> None:
    nals = pictures(50, f"{GOP}:bframes=2:open-gop=1:slices=3")
    bare = [[n for n in each if n[0] & 31 != 6] for each in nals]
    assert sum(n[0] & 31 == 5 for each in bare for n in each) == 3
    out = heard(packets_of(units(bare)))
    assert [n for n, unit in enumerate(out.units) if unit[2]] == [n for n, each in enumerate(bare) if len(each) == 5]
    assert sum(key for _, _, key, _ in out.units) == 5


def test_where_no_entry_is_marked_any_intra_picture_serves_after_a_while() -> None:
    nals = pictures(70, f"{GOP}:bframes=2:open-gop=1:slices=3")
    bare = [[n for n in each if n[0] & 31 not in (6, 7, 8)] for each in nals]
    late = bare[5:]  # the one IDR picture is gone
    assert heard(packets_of(units(late)), sets=sets_of(nals)).units == []
    with mock.patch.object(nal, "PATIENCE_UNITS", 30):
        out = heard(packets_of(units(late)), sets=sets_of(nals))
    assert [key for _, _, key, _ in out.units].count(True) == 1
    assert len(decoded(out.formats[0], out.units)) >= 20


def test_intra_refresh_is_entered_and_is_whole_a_refresh_after_a_loss() -> None:
    nals = pictures(60, "keyint=10:intra-refresh=1:bframes=0")
    packets = packets_of(units(nals[5:], 100))
    out = heard(packets)
    assert sum(key for _, _, key, _ in out.units) >= 4
    keys = [n for n, unit in enumerate(out.units) if unit[2]]
    first = next(n for n, p in enumerate(packets) if int.from_bytes(p[4:8]) == out.units[keys[1] + 2][0])
    hurt = heard(packets, (first,))
    damaged = {unit[0] for unit in hurt.units if unit[3]}
    assert {unit[0] for unit in out.units[keys[2] : keys[3]]} <= damaged
    assert hurt.units[-5:] == out.units[-5:]


@pytest.mark.parametrize(
    ("sei", "frames"),
    [
        (b"\x06\x01\xc0\x80", 0),
        (b"\x05\x02ab\x06\x02\x12\x80\x80", 8),
        (b"\xff\x05\x01a\x06", None),
        (b"", None),
        (b"\x06\x00\x80", None),
    ],
)
def test_recovery_points(sei: bytes, frames: int | None) -> None:
    assert recovery_frames(sei) == frames


# --- parameter sets --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "size", "pix_fmt"),
    [
        ("bframes=0", (1920, 1080), "yuv420p"),
        ("interlaced=1", (1920, 1080), "yuv420p"),
        ("cqm=jvt:8x8dct=1", (130, 98), "yuv420p"),
        ("overscan=show:videoformat=pal:colorprim=bt709:chromaloc=2:sar=4/3", (320, 182), "yuv420p"),
        ("bframes=0", (322, 242), "yuv422p"),
        ("cqm=jvt", (322, 242), "yuv444p"),
        ("bframes=0", (322, 242), "yuv420p10le"),
        ("bframes=0", (322, 242), "gray"),
    ],
)
def test_size_and_rate_of_every_profile(params: str, size: tuple[int, int], pix_fmt: str) -> None:
    nals = pictures(3, params, size, pix_fmt)
    out = heard(packets_of(units(nals)))
    assert [(f.width, f.height, f.nominal_fps) for f in out.formats] == [(*size, 25.0)]
    assert [(p.width, p.height) for p in decoded(out.formats[0], out.units)] == [size] * 3


def test_the_configuration_record_is_the_one_that_libav_writes() -> None:
    options = {"preset": "veryfast", "x264-params": "annexb=0"}
    extradata, _ = encode_video("libx264", 1, 25, (160, 120), options, gop=1)
    size = int.from_bytes(extradata[6:8])
    sps, pps = extradata[8 : 8 + size], extradata[8 + size + 3 : -4]
    fmt = h264.video_format(sps, pps)
    assert (fmt.config, fmt.codec_string) == (extradata, f"avc1.{extradata[1:4].hex().upper()}")


@given(st.binary(max_size=80) | st.builds(lambda tail: b"\x67\x64\x00\x1f" + tail, st.binary(max_size=5000)))
def test_any_bytes_are_a_sequence_parameter_set_or_a_value_error(data: bytes) -> None:
    try:
        sps = h264.parse_sps(data)
    except ValueError:
        return
    assert 0 < sps.width <= h264.LARGEST
    assert 0 < sps.height <= h264.LARGEST


@given(st.lists(st.tuples(st.sampled_from([0x67, 0x68]), st.binary(max_size=40)), max_size=30), st.binary(max_size=32))
def test_any_parameter_sets_are_taken(sets: list[tuple[int, bytes]], picture: bytes) -> None:
    known = h264.ParameterSets()
    sps, pps = sets_of(pictures(1))
    for head, tail in sets:
        known.take(bytes((head,)) + tail)
        known.format(picture)
    known.take(sps)
    known.take(pps)
    assert known.format(b"\x65\x88\x84") is not None or any(head == 0x68 for head, _ in sets)


# --- hostile bytes ---------------------------------------------------------------------------------------------------

fragments = st.builds(
    lambda kind, header, tail: bytes((0x60 | kind, header)) + tail,
    st.sampled_from([24, 25, 26, 27, 28, 29, 1, 5, 6, 7, 8]),
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
    endless = [(0, [b"\x7c\x85" + b"\x88" * 100, *[b"\x7c\x05" + bytes(100)] * 1000])]
    with mock.patch.object(nal, "LARGEST_UNIT_BYTES", 5000), mock.patch.object(payloads, "LARGEST_UNIT_BYTES", 5000):
        out = Heard()
        depacketiser = H264Depacketiser(out)
        deliver(depacketiser, packets_of(endless, mark=False))
        assert len(depacketiser._au) < 6000
        deliver(depacketiser, packets_of(units(pictures(5), first=1)))
    assert len(out.units) == 5


def test_parameter_sets_that_change_without_end_are_not_collected_without_end() -> None:
    _, pps = sets_of(pictures(1))
    sent = [(n, [pps + bytes(n % 2) + b"\x01" * 1000]) for n in range(1000)]
    depacketiser = H264Depacketiser(Heard())
    deliver(depacketiser, packets_of(sent))
    assert len(depacketiser._changed_sets) < 100_000

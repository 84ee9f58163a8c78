import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.clock import US_PER_S
from appliance.media.rtcp import NTP_TO_UNIX_S, Bye, SenderReport, parse_compound, receiver_report
from appliance.media.rtp import Sequence
from tests.media.rtp_streams import libav_video

NOW_US = 1_795_523_465_500_000


def sender_report(seconds: int, fraction: int, rtp: int = 9000, *, blocks: int = 0) -> bytes:
    body = struct.pack(">IIIIII", 0xABCD, seconds & 0xFFFFFFFF, fraction, rtp, 10, 1000) + bytes(24 * blocks)
    return bytes((0x80 | blocks, 200)) + (len(body) // 4).to_bytes(2) + body


NTP_S = NOW_US // US_PER_S + NTP_TO_UNIX_S
DESCRIPTION = b"\x81\xca\x00\x03" + b"SSRC\x01\x04host\0\0"
GOODBYE = b"\x81\xcb\x00\x01\x00\x00\xab\xcd"


def test_a_compound_packet_tells_the_wall_clock_and_the_end() -> None:
    data = sender_report(NTP_S, 1 << 31, blocks=2) + DESCRIPTION + GOODBYE
    report, bye = parse_compound(data)
    assert report == SenderReport(0xABCD, NOW_US, 9000, (NTP_S & 0xFFFF) << 16 | 0x8000)
    assert bye == Bye(0xABCD)


def test_the_second_era_of_ntp_begins_in_2036() -> None:
    (report,) = parse_compound(sender_report(1 << 32, 0))
    assert isinstance(report, SenderReport)
    assert report.ntp_us == 2_085_978_496 * US_PER_S


def test_what_libav_reports() -> None:
    packets, reports = libav_video("libx264", 3)
    found = [item for report in reports for item in parse_compound(report)]
    assert isinstance(found[0], SenderReport)
    assert found[0].ssrc == int.from_bytes(packets[0][8:12])


@pytest.mark.parametrize("cut", range(1, len(DESCRIPTION) + 8))
def test_a_packet_that_is_cut_off_tells_what_is_whole(cut: int) -> None:
    data = sender_report(NTP_S, 0) + DESCRIPTION + GOODBYE
    assert [type(item) for item in parse_compound(data[:-cut])] == [SenderReport]


@pytest.mark.parametrize(
    "data", [b"", b"\x80", b"\x80\xc8\x00\x02" + bytes(8), b"\x80\xcb\x00\x01ABCD", b"\x00\xc8\x00\x06" + bytes(24)]
)
def test_what_tells_nothing(data: bytes) -> None:
    assert list(parse_compound(data)) == []


@given(st.binary(max_size=100) | st.builds(lambda b: b"\x81\xc8\x00\x06" + b, st.binary(max_size=100)))
def test_any_bytes_are_taken(data: bytes) -> None:
    assert len(list(parse_compound(data))) <= len(data) // 4


def fields(report: bytes) -> tuple[int, ...]:
    """source, fraction lost, lost, highest, jitter, last report, delay."""
    assert report[:4] == b"\x81\xc9\x00\x07"
    source, lost, *rest = struct.unpack_from(">IIIIII", report, 8)
    return source, lost >> 24, lost & 0xFFFFFF, *rest


def test_a_receiver_report_tells_the_loss_of_its_interval() -> None:
    sequence = Sequence()
    for number in (65_534, 65_535, 2, 3):
        sequence.step(number, 0xABCD)
    r = sequence.reception
    r.sender_report_middle, r.sender_report_at_us = 0x12345678, NOW_US
    assert fields(receiver_report(7, r, NOW_US + US_PER_S // 2)) == (
        0xABCD,
        256 * 2 // 6,
        2,
        0x10003,
        0,
        0x12345678,
        32_768,
    )
    for number in (4, 5):
        sequence.step(number, 0xABCD)
    assert fields(receiver_report(7, r, NOW_US))[1:3] == (0, 2)
    assert fields(receiver_report(7, r, NOW_US))[1] == 0


def test_a_receiver_report_is_a_compound_packet_with_a_name() -> None:
    sequence = Sequence()
    sequence.step(1, 1)
    report = receiver_report(0x01020304, sequence.reception, NOW_US)
    description = report[32:]
    assert len(report) % 4 == 0
    assert description[:4] == bytes((0x81, 202)) + (len(description) // 4 - 1).to_bytes(2)
    assert description[4:19] == b"\x01\x02\x03\x04\x01\x09gatehouse"
    assert description.endswith(b"\0")


@given(st.lists(st.integers(0, 65_535), min_size=1, max_size=40), st.integers(-(10**9), 10**15))
def test_any_reception_can_be_reported(numbers: list[int], later_us: int) -> None:
    sequence = Sequence()
    for number in numbers:
        sequence.step(number, 1)
        sequence.reception.sender_report_middle = 5
        assert len(receiver_report(1, sequence.reception, later_us)) == 52

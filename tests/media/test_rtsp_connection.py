"""Whatever comes, in whatever pieces: the same units come out, answers find their requests, rubbish ends politely."""

import asyncio
import random
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.core.clock import ManualClock
from appliance.core.errors import ProblemError
from appliance.media.depacketise.h264 import H264Depacketiser
from appliance.media.rtsp.connection import LARGEST_MESSAGE_BYTES, RtspConnection
from appliance.media.rtsp.receiver import Receiver, VideoOutput
from appliance.media.rtsp.runs import RunReader, h264_continuation, h265_continuation
from appliance.media.rtsp_message import Request
from tests.media.collecting import Collected
from tests.media.encoded import h264
from tests.media.rtp_streams import Heard, deliver, packets_of

Pieces = st.lists(st.integers(1, 9000), min_size=1, max_size=30)


def sets_of_h264() -> tuple[bytes, bytes]:
    """SPS and PPS out of avcC."""
    config = h264(1)[0].config
    end = 8 + int.from_bytes(config[6:8])
    return config[8:end], config[end + 3 :]


def fragments(header: bytes, body: bytes, mtu: int) -> list[bytes]:
    """A NAL unit in fragments of one size."""
    pieces = [body[at : at + mtu] for at in range(0, len(body), mtu)]
    made = []
    for number, piece in enumerate(pieces):
        edge = 0x80 * (number == 0) | 0x40 * (number == len(pieces) - 1)
        made.append(bytes((header[0] & 0xE0 | 28, edge | header[0] & 31)) + piece)
    return made


def stream(seed: int, sizes: list[int], mtu: int, loss: float = 0.0) -> list[bytes]:
    """RTP packets of H.264 pictures with these sizes; every fourth is a key picture."""
    rng = random.Random(seed)
    sps, pps = sets_of_h264()
    units = []
    for number, size in enumerate(sizes):
        key = number % 4 == 0
        nal = bytes((0x65 if key else 0x41, 0x88)) + rng.randbytes(size)
        payloads = [sps, pps] if key else []
        units.append((number * 3600, payloads + fragments(nal[:1], nal[1:], mtu)))
    return [p for p in packets_of(units) if rng.random() >= loss]


def interleaved(packets: Iterable[bytes], channel: int = 0) -> bytes:
    return b"".join(b"$" + bytes((channel,)) + len(p).to_bytes(2) + p for p in packets)


def feed(connection: RtspConnection, data: bytes, pieces: list[int]) -> None:
    """Hand bytes over as a loop does, in pieces of these sizes, again and again."""
    at, number = 0, 0
    while at < len(data) and not connection.ended.done():
        buffer = connection.get_buffer(-1)
        size = min(pieces[number % len(pieces)], len(buffer), len(data) - at)
        buffer[:size] = data[at : at + size]
        connection.buffer_updated(size)
        at, number = at + size, number + 1


class Played:
    """A connection with one H.264 track on channel 0."""

    def __init__(self) -> None:
        self.sink = Collected()
        clock = ManualClock()
        output = VideoOutput(self.sink, 90_000, 0.0)
        runs = RunReader(96, 2, h264_continuation)
        self.receiver = Receiver(96, 90_000, H264Depacketiser(output), output, self.sink, clock, runs)
        self.connection = RtspConnection(clock)
        self.connection.rtp[0] = self.receiver
        self.connection.rtcp[1] = self.receiver.control

    def units(self) -> list[tuple[bytes, bool, bool]]:
        return [(bytes(u.data), u.key, u.damaged) for u in self.sink.units]


def played(data: bytes, pieces: list[int]) -> Played:
    async def play() -> Played:
        one = Played()
        feed(one.connection, data, pieces)
        return one

    return asyncio.run(play())


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 1 << 30),
    st.lists(st.integers(1, 12_000), min_size=1, max_size=10),
    st.sampled_from([100, 600, 1400]),
    Pieces,
)
def test_pieces_and_runs_change_nothing(seed: int, sizes: list[int], mtu: int, pieces: list[int]) -> None:
    packets = stream(seed, sizes, mtu, loss=0.05)
    one_by_one = Heard()
    deliver(H264Depacketiser(one_by_one), packets)
    together = played(interleaved(packets), pieces)
    assert not together.connection.ended.done()
    assert together.units() == [(data, key, damaged) for _, data, key, damaged in one_by_one.units]


def test_a_run_is_taken_as_one() -> None:
    packets = stream(1, [100_000], 1400)
    pushed = 0

    class Counting(H264Depacketiser):
        def push(self, view: memoryview, start: int, end: int, rtp: int, marker: int) -> None:
            nonlocal pushed
            pushed += 1
            super().push(view, start, end, rtp, marker)

    async def play() -> None:
        one = Played()
        one.receiver._depacketiser = Counting(one.receiver.output)  # type: ignore[arg-type]
        feed(one.connection, interleaved(packets), [200_000])

    asyncio.run(play())
    assert pushed < len(packets) / 2


def test_h265_fragments_follow_each_other() -> None:
    assert h265_continuation(bytes((49 << 1, 1, 0x80 | 19))) == bytes((49 << 1, 1, 19))
    assert h265_continuation(bytes((49 << 1, 1, 19))) == bytes((49 << 1, 1, 19))
    assert h265_continuation(bytes((49 << 1, 1, 0x40 | 19))) is None
    assert h265_continuation(bytes((19 << 1, 1, 19))) is None


def answer(number: int, body: bytes = b"") -> bytes:
    return f"RTSP/1.0 200 OK\r\nCSeq: {number}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


@settings(max_examples=40, deadline=None)
@given(Pieces, st.binary(max_size=3000))
def test_answers_between_frames_find_their_requests(pieces: list[int], body: bytes) -> None:
    packets = stream(7, [5000, 3000, 3000], 1400)
    half = len(packets) // 2

    async def ask() -> tuple[int, bytes, bytes, int]:
        one = Played()
        one.connection.connection_made(_Deaf())
        first, second = (one.connection.send(Request("OPTIONS", "rtsp://x")) for _ in range(2))
        data = interleaved(packets[:half]) + answer(2, body) + b"\r\n" + interleaved(packets[half:]) + answer(1)
        feed(one.connection, data, pieces)
        a, b = first.result(), second.result()
        assert a is not None and b is not None
        return a.status, a.body, b.body, len(one.sink.video)

    whole = played(interleaved(packets), [100_000])
    assert asyncio.run(ask()) == (200, b"", body, len(whole.sink.video))


class _Deaf(asyncio.Transport):
    """A transport that swallows what is written: the other side of these tests are bytes."""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        pass

    def abort(self) -> None:
        pass


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.one_of(st.binary(max_size=400), st.sampled_from([b"$\0\0\x10", b"RTSP/1.0 200 OK\r\n", b"\r\n\r\n"])))
)
def test_any_bytes_end_with_a_problem_or_not_at_all(chunks: list[bytes]) -> None:
    one = played(b"".join(chunks), [137])
    if one.connection.ended.done():
        assert isinstance(one.connection.ended.result(), ProblemError)


@pytest.mark.parametrize(
    "rubbish",
    [
        b"<html>hello</html>",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"A" * (LARGEST_MESSAGE_BYTES + 1),
        b"RTSP/1.0 200 OK\r\nX: " + b"a" * LARGEST_MESSAGE_BYTES,
        b"RTSP/1.0 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
        b"RTSP/1.0 200 OK\r\nContent-Length: -5\r\n\r\n",
        b"RTSP/1.0 200 OK\r\nContent-Length: 1000000\r\n\r\n" + bytes(200_000),
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    ],
)
def test_what_does_not_speak_rtsp_is_named(rubbish: bytes) -> None:
    one = played(rubbish, [4096])
    problem = one.connection.ended.result()
    assert problem is not None
    assert (problem.code, problem.field) == ("not-a-camera", "source.url")


def test_a_hiccup_in_the_stream_is_passed_over() -> None:
    packets = stream(3, [3000] * 8, 1400)
    data = answer(1) + interleaved(packets[:8]) + b"\x00\x01\x02 hiccup" + interleaved(packets[8:])
    one = played(data, [1000])
    assert not one.connection.ended.done()
    assert len(one.sink.video) == 8


def test_a_camera_that_sends_another_payload_type_is_connected_again() -> None:
    foreign = [bytes((0x80, 97)) + p[2:] for p in stream(3, [30_000] * 20, 1400)]
    one = played(interleaved(foreign), [1000])
    problem = one.connection.ended.result()
    assert problem is not None
    assert problem.code == "stream-changed"


def test_packets_between_that_are_no_pictures_are_passed_over() -> None:
    """Repairs, say, under numbers of the same sequence."""
    packets = stream(3, [30_000] * 20, 1400)
    mixed = []
    for number, packet in enumerate(packets):
        if number % 3 == 2:
            mixed.append(bytes((0x80, 99)) + packet[2:12] + bytes(700))
        mixed.append(packet)
    numbered = [p[:2] + (i & 0xFFFF).to_bytes(2) + p[4:] for i, p in enumerate(mixed)]
    one = played(interleaved(numbered), [10_000])
    assert not one.connection.ended.done()
    assert one.sink.lost == 0
    assert len(one.sink.video) == 20
    assert not any(damaged for _, _, damaged in one.units())

"""The RTSP connection: interleaved frames to their tracks, answers to their requests, with as little work as can be.

All connections of a process share one receive buffer: what is read is taken apart before the loop does anything
else, and only the piece of a frame that is still incomplete is kept per connection.
"""

import asyncio
import logging
import os
import socket
import struct
from collections.abc import Callable
from typing import Protocol, cast

from appliance.core.clock import US_PER_S, Clock
from appliance.core.errors import ProblemError
from appliance.media import problems
from appliance.media.rtp import HEADER_BYTES
from appliance.media.rtsp.runs import LEAST_FRAME_BYTES
from appliance.media.rtsp_message import LARGEST_HEAD_BYTES, Request, Response, content_length, parse_head

log = logging.getLogger(__name__)

RECEIVE_BYTES = 256 * 1024
LARGEST_MESSAGE_BYTES = 128 * 1024
MOST_RUBBISH_BYTES = 64 * 1024
MOST_UNANSWERED = 8
LOW_WATER_US = 120_000  # a read waits for at most about so much of the stream
MOST_LOW_WATER_BYTES = 64 * 1024
LEAST_LOW_WATER_BYTES = 2 * 1024
_DOLLAR = 0x24
_MARKER = 0x80
_FRAME = struct.Struct(">BBHBBHII")  # RFC 2326 clause 10.12, then RFC 3550 clause 5.1
_INTERLEAVED = 4

_received = bytearray(RECEIVE_BYTES + _FRAME.size)  # a header may be looked at before it is known to be whole
_view = memoryview(_received)[:RECEIVE_BYTES]


class PacketTaker(Protocol):
    """Takes RTP packets of one channel."""

    arrival_us: int

    def packet(
        self, view: memoryview, start: int, end: int, first: int, kind: int, sequence: int, stamp: int, ssrc: int
    ) -> None:
        """A packet whose header fields are these; what follows its first 12 bytes is view[start:end]."""
        ...

    def run(self, view: memoryview, at: int, end: int, frame_bytes: int, stamp: int, ssrc: int) -> int:
        """Take a run of interleaved frames of frame_bytes that begins at `at`; returns where it ends, `at` for none."""
        ...


class RtspConnection(asyncio.BufferedProtocol):
    """One TCP or TLS connection. `ended` is set when it is over: None for an orderly end, or the problem."""

    def __init__(self, clock: Clock) -> None:
        self.ended: asyncio.Future[ProblemError | None] = asyncio.get_running_loop().create_future()
        self.received_bytes = 0
        self.spoke_rtsp = False
        self.rtp: dict[int, PacketTaker] = {}
        self.rtcp: dict[int, Callable[[bytes], None]] = {}
        self._clock = clock
        self._transport: asyncio.Transport | None = None
        self._tail = b""
        self._sequence = 0
        self._unanswered: dict[int, asyncio.Future[Response | None]] = {}
        self._rubbish_bytes = 0
        self._socket: socket.socket | None = None
        self._low_water_bytes = 1

    # --- out --------------------------------------------------------------------------------------------------------

    def send(self, request: Request) -> asyncio.Future[Response | None]:
        """Send a request; the future holds its answer, or None where the connection ended first."""
        answer: asyncio.Future[Response | None] = asyncio.get_running_loop().create_future()
        if self._transport is None or self.ended.done():
            answer.set_result(None)
            return answer
        self._sequence += 1
        while len(self._unanswered) >= MOST_UNANSWERED:
            _settle(self._unanswered.pop(next(iter(self._unanswered))), None)
        self._unanswered[self._sequence] = answer
        self._transport.write(request.encode(self._sequence))
        return answer

    def send_frame(self, channel: int, packet: bytes) -> None:
        """Send an interleaved frame; left out where the other side does not read."""
        if self._transport is not None and self._transport.get_write_buffer_size() < MOST_RUBBISH_BYTES:
            self._transport.write(struct.pack(">BBH", _DOLLAR, channel, len(packet)) + packet)

    def close(self) -> None:
        """Send what is still to be sent and close."""
        if self._transport is not None:
            self._transport.close()
        self._finish(None)

    def abort(self, problem: ProblemError) -> None:
        """End it at once."""
        self._finish(problem)
        if self._transport is not None:
            self._transport.abort()

    @property
    def peer_host(self) -> str:
        """The other side's IP address."""
        peer = self._transport.get_extra_info("peername") if self._transport is not None else None
        return str(peer[0]) if peer else ""

    @property
    def own_host(self) -> str:
        """Our IP address on this connection."""
        own = self._transport.get_extra_info("sockname") if self._transport is not None else None
        return str(own[0]) if own else ""

    def pace(self, bytes_per_s: float) -> None:
        """Let the kernel collect about LOW_WATER_US of the stream before it wakes us; 0 for every byte at once.

        At low bit rates this would only add delay, so there every byte counts again.
        """
        wanted = min(MOST_LOW_WATER_BYTES, int(bytes_per_s * LOW_WATER_US / US_PER_S))
        wanted = wanted if wanted >= LEAST_LOW_WATER_BYTES else 1
        if self._socket is not None and not 0.75 < wanted / self._low_water_bytes < 1.5:
            self._low_water_bytes = wanted
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, wanted)

    # --- in (asyncio.BufferedProtocol) ------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See BufferedProtocol."""
        self._transport = cast(asyncio.Transport, transport)
        own = transport.get_extra_info("socket")
        self._socket = socket.socket(fileno=os.dup(own.fileno())) if own is not None else None

    def connection_lost(self, exc: Exception | None) -> None:
        """See BufferedProtocol."""
        self._finish(None if exc is None else problems.connection_lost())

    def eof_received(self) -> None:
        """The camera has nothing more to send; the transport closes."""

    def get_buffer(self, sizehint: int) -> memoryview:
        """The shared buffer, behind what is left of an incomplete frame."""
        tail = self._tail
        if not tail:
            return _view
        _view[: len(tail)] = tail
        return _view[len(tail) :]

    def buffer_updated(self, nbytes: int) -> None:
        """Take apart what came."""
        self.received_bytes += nbytes
        if self.ended.done():
            return
        end = len(self._tail) + nbytes
        try:
            at = self._take_apart(end)
            self._tail = bytes(_view[at:end]) if at < end else b""
        except ProblemError as problem:
            self.abort(problem)
        except Exception:
            log.exception("what a camera sent could not be taken")
            self.abort(problems.failed())

    def _take_apart(self, end: int) -> int:
        """Handle every whole message of the buffer; returns where the incomplete one begins."""
        data, view, unpack, takers = _received, _view, _FRAME.unpack_from, self.rtp
        arrival_us = self._clock.now_us()
        for taker in takers.values():
            taker.arrival_us = arrival_us
        at = 0
        while at + _INTERLEAVED <= end:
            magic, channel, length, first, kind, sequence, stamp, ssrc = unpack(data, at)
            if magic != _DOLLAR:
                behind = self._text(at, end)
                if behind < 0:
                    return at
                at = behind
                continue
            stop = at + _INTERLEAVED + length
            if stop > end:
                break
            if channel in takers:
                taker = takers[channel]
                if length >= LEAST_FRAME_BYTES and kind < _MARKER and stop + length < end:
                    behind = taker.run(view, at, end, length + _INTERLEAVED, stamp, ssrc)
                    if behind > at:
                        at = behind
                        continue
                if length >= HEADER_BYTES:
                    taker.packet(view, at + _FRAME.size, stop, first, kind, sequence, stamp, ssrc)
            elif channel in self.rtcp:
                self.rtcp[channel](bytes(view[at + _INTERLEAVED : stop]))
            at = stop
        return at

    # --- text -------------------------------------------------------------------------------------------------------

    def _text(self, at: int, end: int) -> int:
        """A message in text at `at`: returns where it ends, -1 where it is not complete."""
        if _received[at] in b"\r\n":
            return at + 1
        head_end = _received.find(b"\r\n\r\n", at, end)
        if head_end < 0:
            return self._incomplete(at, end, LARGEST_HEAD_BYTES)
        head_end += 4
        head = bytes(_view[at:head_end])
        try:
            answer, length = parse_head(head), content_length(head)
        except ValueError:
            return self._rubbish(at, end)
        if head_end + length > end:
            return self._incomplete(at, end, LARGEST_MESSAGE_BYTES)
        self.spoke_rtsp = True
        if answer is not None:
            body = bytes(_view[head_end : head_end + length])
            self._answered(Response(answer.status, answer.reason, answer.headers, body))
        return head_end + length

    def _incomplete(self, at: int, end: int, most_bytes: int) -> int:
        if not ord("A") <= _received[at] <= ord("Z"):
            return self._rubbish(at, end)
        if end - at > most_bytes:
            raise problems.bad_answer("RTSP")
        return -1

    def _rubbish(self, at: int, end: int) -> int:
        """Bytes that are no message: look for the next one, a few times; then give up."""
        if not self.spoke_rtsp:
            raise problems.bad_answer("RTSP")
        frame, text = _received.find(b"$", at + 1, end), _received.find(b"RTSP/", at + 1, end)
        behind = min((place for place in (frame, text) if place >= 0), default=end)
        self._rubbish_bytes += behind - at
        if self._rubbish_bytes > MOST_RUBBISH_BYTES:
            raise problems.bad_answer("RTSP")
        return behind

    def _answered(self, answer: Response) -> None:
        number = answer.header("cseq")
        sequence = int(number) if number.isdecimal() and len(number) < 10 else next(iter(self._unanswered), 0)
        future = self._unanswered.pop(sequence, None)
        if future is not None:
            _settle(future, answer)

    def _finish(self, problem: ProblemError | None) -> None:
        if not self.ended.done():
            self.ended.set_result(problem)
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        while self._unanswered:
            _settle(self._unanswered.popitem()[1], None)


def _settle(future: asyncio.Future[Response | None], answer: Response | None) -> None:
    if not future.done():
        future.set_result(answer)

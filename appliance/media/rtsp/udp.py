"""RTP and RTCP of one track by UDP (RFC 3550 clause 11): a pair of ports, and packets put back in order."""

import asyncio
import random
import socket
import struct
from collections.abc import Callable

from appliance.core.clock import Clock
from appliance.media import problems
from appliance.media.rtp import HEADER_BYTES, RESTART_AFTER
from appliance.media.rtsp.connection import PacketTaker

RECEIVE_BYTES = 4 * 1024 * 1024
FIRST_PORT, LAST_PORT = 20_000, 60_000
PORT_ATTEMPTS = 50
MOST_HELD = 64  # packets that wait for an earlier one
LONGEST_HELD_US = 100_000
_HEADER = struct.Struct(">BBHII")


class Reorder:
    """Hands datagrams on in the order of their sequence numbers; a missing one is given up after a short while."""

    def __init__(self, taker: PacketTaker) -> None:
        self._taker = taker
        self._next: int | None = None
        self._held: dict[int, tuple[bytes, int]] = {}

    def take(self, datagram: bytes, arrival_us: int) -> None:
        """The next datagram as it came."""
        if len(datagram) < HEADER_BYTES:
            return
        number = datagram[2] << 8 | datagram[3]
        ahead = 0 if self._next is None else (number - self._next) & 0xFFFF
        if ahead == 0:
            self._hand_on(datagram, arrival_us, number)
            self._release()
        elif ahead < RESTART_AFTER:
            self._held[number] = (datagram, arrival_us)
            self._give_up(arrival_us)
        elif ahead < 0x10000 - RESTART_AFTER:  # the sender started over
            self.flush()
            self._hand_on(datagram, arrival_us, number)

    def expire(self, now_us: int) -> None:
        """Time has passed: give up what is missing for too long."""
        self._give_up(now_us)

    def flush(self) -> None:
        """Hand on everything that is held."""
        while self._held:
            self._skip()

    def _give_up(self, now_us: int) -> None:
        while self._held:
            oldest_us = next(iter(self._held.values()))[1]
            if len(self._held) <= MOST_HELD and now_us - oldest_us < LONGEST_HELD_US:
                return
            self._skip()

    def _skip(self) -> None:
        start = self._next or 0
        self._next = min(self._held, key=lambda number: (number - start) & 0xFFFF)
        self._release()

    def _release(self) -> None:
        while self._next is not None and (held := self._held.pop(self._next, None)) is not None:
            self._hand_on(*held, self._next)

    def _hand_on(self, datagram: bytes, arrival_us: int, number: int) -> None:
        self._next = (number + 1) & 0xFFFF
        first, kind, sequence, stamp, ssrc = _HEADER.unpack_from(datagram)
        self._taker.arrival_us = arrival_us
        view = memoryview(datagram)
        self._taker.packet(view, HEADER_BYTES, len(datagram), first, kind, sequence, stamp, ssrc)


class _Port(asyncio.DatagramProtocol):
    """Hands on what comes from the camera, and from nobody else."""

    def __init__(self, peer_host: str, take: Callable[[bytes], None]) -> None:
        self._peer_host = peer_host
        self._take = take

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if addr[0] == self._peer_host:
            self._take(data)

    def error_received(self, exc: Exception) -> None:
        """A port that is not open on the other side: the silence will be noticed."""


class UdpPorts:
    """A pair of ports for one track."""

    def __init__(
        self, rtp: asyncio.DatagramTransport, rtcp: asyncio.DatagramTransport, ports: tuple[int, int], reorder: Reorder
    ) -> None:
        self.ports = ports
        self.reorder = reorder
        self._rtp, self._rtcp = rtp, rtcp
        self._peer: tuple[str, int, int] | None = None

    @classmethod
    async def open(
        cls,
        hosts: tuple[str, str],
        taker: PacketTaker,
        control: Callable[[bytes], None],
        clock: Clock,
        guard: Callable[[Callable[[], None]], None],
    ) -> "UdpPorts":
        """Bind a pair; hosts: (ours, the camera's). guard runs each reception and ends the session where it fails."""
        reorder = Reorder(taker)
        loop = asyncio.get_running_loop()
        socks = _bound_pair(hosts[0])
        takes: tuple[Callable[[bytes], None], ...] = (
            lambda data: guard(lambda: reorder.take(data, clock.now_us())),
            lambda data: guard(lambda: control(data)),
        )
        ends = [
            (await loop.create_datagram_endpoint(lambda take=take: _Port(hosts[1], take), sock=sock))[0]  # type: ignore[misc]
            for sock, take in zip(socks, takes, strict=True)
        ]
        ports = (socks[0].getsockname()[1], socks[1].getsockname()[1])
        return cls(ends[0], ends[1], ports, reorder)

    def connect(self, peer: tuple[str, int, int]) -> None:
        """The camera's (host, RTP port, RTCP port); a packet each opens the way through a firewall."""
        self._peer = peer
        self._rtp.sendto(_HEADER.pack(0x80, 0, 0, 0, 0), peer[:2])

    def send_control(self, packet: bytes) -> None:
        """Send an RTCP packet."""
        if self._peer is not None:
            self._rtcp.sendto(packet, (self._peer[0], self._peer[2]))

    def close(self) -> None:
        """Give the ports back."""
        self._rtp.abort()
        self._rtcp.abort()


def _bound_pair(host: str) -> tuple[socket.socket, socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for _ in range(PORT_ATTEMPTS):
        port = random.randrange(FIRST_PORT, LAST_PORT, 2)
        pair = (socket.socket(family, socket.SOCK_DGRAM), socket.socket(family, socket.SOCK_DGRAM))
        try:
            for number, sock in enumerate(pair):
                sock.setblocking(False)
                sock.bind((host, port + number))
        except OSError:
            for sock in pair:
                sock.close()
            continue
        pair[0].setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
        return pair
    raise problems.unsupported_transport()

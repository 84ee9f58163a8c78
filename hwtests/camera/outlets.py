"""How packets leave: interleaved in the RTSP connection (RFC 2326 10.12), or by UDP."""

import asyncio
import random
import socket
import struct
from collections.abc import Callable
from typing import Protocol

SLOW_BYTES = 4 << 20
_FRAME = struct.Struct(">cBH")
_PORT_ATTEMPTS = 100

Packets = list[tuple[bytes, bytes]]


class Outlet(Protocol):
    """One track's way to one viewer."""

    def send(self, packets: Packets) -> bool:
        """Send RTP packets as (header, payload); False where the viewer is too slow to be kept."""
        ...

    def report(self, packet: bytes) -> None:
        """Send an RTCP packet."""
        ...

    def close(self) -> None:
        """Give up what it holds."""
        ...


class TcpOutlet:
    """Interleaved frames; all packets of a unit in one write."""

    def __init__(self, transport: asyncio.WriteTransport, rtp_channel: int, rtcp_channel: int) -> None:
        self._transport = transport
        self._rtp_channel = rtp_channel
        self._rtcp_channel = rtcp_channel

    def send(self, packets: Packets) -> bool:
        if self._transport.is_closing():
            return True
        if self._transport.get_write_buffer_size() > SLOW_BYTES:
            return False
        pieces: list[bytes] = []
        for header, payload in packets:
            pieces += (_FRAME.pack(b"$", self._rtp_channel, len(header) + len(payload)), header, payload)
        if pieces:
            self._transport.write(b"".join(pieces))
        return True

    def report(self, packet: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(_FRAME.pack(b"$", self._rtcp_channel, len(packet)) + packet)

    def close(self) -> None:
        return


class _Receiver(asyncio.DatagramProtocol):
    def __init__(self, on_datagram: Callable[[], None]) -> None:
        self._on_datagram = on_datagram

    def datagram_received(self, data: bytes, addr: object) -> None:
        self._on_datagram()


class UdpOutlet:
    """A pair of ports, RTP even and RTCP odd (RFC 3550 section 11)."""

    def __init__(
        self, rtp: asyncio.DatagramTransport, rtcp: asyncio.DatagramTransport, peer: tuple[str, int, int]
    ) -> None:
        self._rtp, self._rtcp = rtp, rtcp
        self._rtp_peer, self._rtcp_peer = (peer[0], peer[1]), (peer[0], peer[2])
        self.ports = (rtp.get_extra_info("sockname")[1], rtcp.get_extra_info("sockname")[1])

    @classmethod
    async def open(cls, host: str, peer: tuple[str, int, int], alive: Callable[[], None]) -> "UdpOutlet":
        """Bind a pair at host for a peer (host, RTP port, RTCP port); alive is called for whatever the peer sends."""
        loop = asyncio.get_running_loop()
        ends = [
            (await loop.create_datagram_endpoint(lambda: _Receiver(alive), sock=sock))[0] for sock in _port_pair(host)
        ]
        return cls(ends[0], ends[1], peer)

    def send(self, packets: Packets) -> bool:
        for header, payload in packets:
            self._rtp.sendto(header + payload, self._rtp_peer)
        return True

    def report(self, packet: bytes) -> None:
        self._rtcp.sendto(packet, self._rtcp_peer)

    def close(self) -> None:
        self._rtp.close()
        self._rtcp.close()


def _port_pair(host: str) -> tuple[socket.socket, socket.socket]:
    for _ in range(_PORT_ATTEMPTS):
        port = random.randrange(20_000, 32_000, 2)
        pair = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM), socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        try:
            for i, sock in enumerate(pair):
                sock.setblocking(False)
                sock.bind((host, port + i))
        except OSError:
            for sock in pair:
                sock.close()
        else:
            return pair
    raise OSError("no free pair of UDP ports")

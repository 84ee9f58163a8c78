"""The RTSP server (RFC 2326): one connection, its requests and the session on it."""

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

from hwtests.camera import sdp
from hwtests.camera.camera import SimulatedCamera
from hwtests.camera.clocks import now_us
from hwtests.camera.config import Profile
from hwtests.camera.outlets import Outlet, TcpOutlet, UdpOutlet
from hwtests.camera.rtp import RtpTrack
from hwtests.camera.viewer import Viewer, ViewerTrack

log = logging.getLogger(__name__)

METHODS = "OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, GET_PARAMETER, SET_PARAMETER, TEARDOWN"
IDLE_S = 60.0
LONGEST_BODY = 65_536
REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    405: "Method Not Allowed",
    454: "Session Not Found",
    455: "Method Not Valid in This State",
    461: "Unsupported Transport",
}


@dataclass(frozen=True, slots=True)
class Request:
    """A request; header names in lower case."""

    method: str
    url: str
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Place:
    """What a URL names; track is None for the whole presentation."""

    camera: SimulatedCamera
    profile: Profile
    track: int | None


class RtspError(Exception):
    """A request that is answered with a status other than 200."""

    def __init__(self, status: int, headers: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(REASONS[status])
        self.status = status
        self.headers = headers


class Connection:
    """One client. `run` returns when it has gone; aborting the transport ends it at once."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, cameras: dict[str, SimulatedCamera]
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._transport = cast(asyncio.Transport, writer.transport)
        self._cameras = cameras
        self._camera: SimulatedCamera | None = None
        self._viewer: Viewer | None = None

    async def run(self) -> None:
        """Serve until the client goes, is thrown out, or is silent for too long."""
        try:
            while await self._one_message():
                pass
        except (OSError, EOFError, ValueError, asyncio.LimitOverrunError) as error:
            log.debug("a client has gone: %s", error)
        finally:
            self._end_session()
            self._writer.close()

    def throw_out(self, reason: str) -> None:
        """Close the connection without a word."""
        log.info("a viewer is thrown out: %s", reason)
        self._end_session()
        self._transport.abort()

    async def _one_message(self) -> bool:
        if not (first := await self._first_byte()):
            return False
        if first == b"$":
            header = await self._timely_read(3)
            await self._timely_read(int.from_bytes(header[1:], "big"))
            if self._viewer is not None:
                self._viewer.alive()
        else:
            await self._answer(await self._request(first))
        return True

    async def _first_byte(self) -> bytes:
        """The next message's first byte; nothing where the client is silent for longer than its session lasts."""
        while True:
            idle_s = self._camera.config.session_timeout_s if self._camera else IDLE_S
            seen_s = self._viewer.seen_s if self._viewer else time.monotonic()
            try:
                async with asyncio.timeout(max(0.01, seen_s + idle_s - time.monotonic())):
                    return await self._reader.read(1)
            except TimeoutError:
                if self._viewer is None or time.monotonic() - self._viewer.seen_s >= idle_s:
                    return b""

    async def _timely_read(self, size: int) -> bytes:
        async with asyncio.timeout(IDLE_S):
            return await self._reader.readexactly(size)

    async def _request(self, first: bytes) -> Request:
        async with asyncio.timeout(IDLE_S):
            text = (first + await self._reader.readuntil(b"\r\n\r\n")).decode("utf-8", "replace")
        line, *lines = text.strip().split("\r\n")
        method, url, _ = line.split(" ", 2)
        headers = {k.strip().lower(): v.strip() for k, _, v in (x.partition(":") for x in lines)}
        length = int(headers.get("content-length", "0"))
        if not 0 <= length <= LONGEST_BODY:
            raise ValueError("the body is too long")
        await self._timely_read(length)
        return Request(method, url, headers)

    async def _answer(self, request: Request) -> None:
        try:
            await self._carry_out(request)
        except RtspError as error:
            self._reply(request, error.status, error.headers)

    async def _carry_out(self, request: Request) -> None:
        if self._viewer is not None:
            self._viewer.alive()
        place = self._find(request.url)
        if place is not None and place.camera.faults.refuse:
            self.throw_out("the camera refuses connections")
            return
        if request.method == "OPTIONS":
            self._reply(request, 200, (("Public", METHODS),))
            return
        if place is None:
            raise RtspError(404)
        self._camera = place.camera
        if not place.camera.admits(request.method, request.headers.get("authorization")):
            raise RtspError(401, tuple(("WWW-Authenticate", c) for c in place.camera.guard.challenges()))
        await self._dispatch(request, place)

    async def _dispatch(self, request: Request, place: Place) -> None:
        match request.method:
            case "DESCRIBE":
                await self._describe(request, place)
            case "SETUP":
                await self._set_up(request, place)
            case "PLAY":
                self._play(request)
            case "PAUSE":
                self._session(request).pause()
                self._reply(request, 200)
            case "GET_PARAMETER" | "SET_PARAMETER":
                self._reply(request, 200)
            case "TEARDOWN":
                self._session(request)
                self._end_session()
                self._reply(request, 200)
            case _:
                raise RtspError(405, (("Allow", METHODS),))

    def _find(self, url: str) -> Place | None:
        parts = [p for p in urlsplit(url).path.split("/") if p]
        camera = self._cameras.get(parts[0]) if parts else None
        track = int(parts.pop()[5:]) if parts[-1:] and parts[-1][:5] == "track" and parts[-1][5:].isdigit() else None
        profile = camera.config.profile(parts[1] if len(parts) > 1 else "") if camera else None
        return Place(camera, profile, track) if camera and profile else None

    async def _describe(self, request: Request, place: Place) -> None:
        host = self._writer.get_extra_info("sockname")[0]
        tracks = await asyncio.to_thread(place.camera.tracks, place.profile)
        body = sdp.RUBBISH if place.camera.faults.bad_sdp else sdp.describe(place.camera.config, tracks, host)
        base = f"{request.url.rstrip('/')}/"
        self._reply(request, 200, (("Content-Base", base), ("Content-Type", "application/sdp")), body.encode())

    async def _set_up(self, request: Request, place: Place) -> None:
        tracks = await asyncio.to_thread(place.camera.tracks, place.profile)
        number = place.track or 0
        if number >= len(tracks):
            raise RtspError(404)
        viewer = self._viewer or self._new_viewer(place)
        if viewer.playing:
            raise RtspError(455)
        outlet, transport = await self._outlet(request, viewer)
        config, fmt = place.camera.config, tracks[number]
        rtp = RtpTrack(fmt, place.camera.clock, viewer.rng, config.initial_sequence, config.initial_timestamp)
        codec = place.camera.faults.apply(place.profile).codec if fmt.kind == "video" else None
        source = place.camera.source(place.profile, fmt.kind)
        viewer.tracks[number] = ViewerTrack(viewer, rtp, outlet, source, codec)
        session = f"{viewer.id};timeout={max(1, round(config.session_timeout_s))}"
        self._reply(request, 200, (("Transport", f"{transport};ssrc={rtp.ssrc:08X}"), ("Session", session)))

    def _new_viewer(self, place: Place) -> Viewer:
        camera, config = place.camera, place.camera.config
        self._viewer = Viewer(
            place.profile.name, lambda: camera.faults, self.throw_out, config.report_interval_s, config.key_on_play
        )
        camera.viewers.add(self._viewer)
        return self._viewer

    async def _outlet(self, request: Request, viewer: Viewer) -> tuple[Outlet, str]:
        """The outlet asked for by the first transport that we know, and what to answer."""
        for spec in request.headers.get("transport", "").split(","):
            protocol, *rest = spec.strip().split(";")
            options = {k.strip(): v for k, _, v in (x.partition("=") for x in rest)}
            if protocol == "RTP/AVP/TCP" and "multicast" not in options:
                first, second = _pair(options.get("interleaved", f"{2 * len(viewer.tracks)}"))
                outlet = TcpOutlet(self._transport, first, second)
                return outlet, f"{protocol};unicast;interleaved={first}-{second}"
            if protocol in ("RTP/AVP", "RTP/AVP/UDP") and "client_port" in options:
                ports = _pair(options["client_port"])
                peer = (self._writer.get_extra_info("peername")[0], *ports)
                host = self._writer.get_extra_info("sockname")[0]
                udp = await UdpOutlet.open(host, peer, viewer.alive)
                answer = f"client_port={ports[0]}-{ports[1]};server_port={udp.ports[0]}-{udp.ports[1]}"
                return udp, f"{protocol};unicast;{answer}"
        raise RtspError(461)

    def _play(self, request: Request) -> None:
        viewer, moment_us = self._session(request), now_us()
        base = request.url.rstrip("/")
        info = [
            f"url={base}/track{number};seq={track.rtp.sequence};rtptime={track.rtp.timestamp(moment_us)}"
            for number, track in viewer.tracks.items()
        ]
        headers = (("Session", viewer.id), ("Range", "npt=now-"), ("RTP-Info", ",".join(info)))
        self._reply(request, 200, headers)
        viewer.play()

    def _session(self, request: Request) -> Viewer:
        named = request.headers.get("session", "").split(";")[0]
        if self._viewer is None or named != self._viewer.id:
            raise RtspError(454)
        return self._viewer

    def _end_session(self) -> None:
        if self._viewer is not None and self._camera is not None:
            self._camera.leave(self._viewer)
            self._viewer = None

    def _reply(
        self, request: Request, status: int, headers: tuple[tuple[str, str], ...] = (), body: bytes = b""
    ) -> None:
        lines = [f"RTSP/1.0 {status} {REASONS[status]}", f"CSeq: {request.headers.get('cseq', '0')}"]
        lines += [f"{name}: {value}" for name, value in headers]
        if self._viewer is not None and not any(name == "Session" for name, _ in headers):
            lines.append(f"Session: {self._viewer.id}")
        if body:
            lines.append(f"Content-Length: {len(body)}")
        self._writer.write("\r\n".join((*lines, "", "")).encode() + body)


def _pair(text: str) -> tuple[int, int]:
    first, _, second = text.partition("-")
    return int(first), int(second or int(first) + 1)

"""One RTSP session from DESCRIBE to TEARDOWN (RFC 2326): set up, play, watch over it."""

import asyncio
import logging
from collections.abc import Callable

from appliance.core.clock import US_PER_S, Clock
from appliance.core.errors import ProblemError
from appliance.media import problems
from appliance.media.model import Sink
from appliance.media.rtsp.client import RtspClient
from appliance.media.rtsp.connection import RtspConnection
from appliance.media.rtsp.tracks import Track, Tracks
from appliance.media.rtsp.udp import UdpPorts
from appliance.media.rtsp_message import Response, channels_of, transport_of

log = logging.getLogger(__name__)

SILENT_AFTER_US = 10 * US_PER_S
FIRST_PICTURE_US = 60 * US_PER_S
TICK_S = 1.0
HELD_PACKETS_TICK_S = 0.05
REPORT_EVERY_US = 5 * US_PER_S
FIRST_REPORT_US = 2 * US_PER_S
UNSUPPORTED_TRANSPORT, NO_SESSION = 461, 454
BAD_RANGE = (456, 457)  # header field not valid for resource, invalid range
NOT_IMPLEMENTED = frozenset({400, 405, 451, 501, 551})


class RtspSession:
    """Owned by one task. parameters: whether GET_PARAMETER may keep it alive. watched: see sources.play."""

    def __init__(
        self,
        client: RtspClient,
        tracks: Tracks,
        sink: Sink,
        clock: Clock,
        *,
        parameters: bool,
        watched: Callable[[], bool],
    ) -> None:
        self._client = client
        self._connection: RtspConnection = client.connection
        self._tracks = tracks
        self._sink = sink
        self._clock = clock
        self._watched = watched
        self._keep_alive = "GET_PARAMETER" if parameters else "OPTIONS"
        self._control: list[tuple[Track, Callable[[bytes], None]]] = []
        self._ports: list[UdpPorts] = []
        self._answer: asyncio.Future[Response | None] | None = None
        self._kept_alive_us = 0
        self._reported_us = 0
        self._played_us = 0
        self._heard_us = 0
        self._packets = 0
        self._paced_us = 0
        self._received_bytes = 0

    async def run(self, transports: tuple[str, ...]) -> None:
        """Set up by the first transport that the camera takes, and play until the end; raises ProblemError."""
        try:
            await self._set_up_all(transports)
            await self._play()
            await self._watch_over()
        finally:
            self._close()

    # --- set up -----------------------------------------------------------------------------------------------------

    async def _set_up_all(self, transports: tuple[str, ...]) -> None:
        """SETUP every track; those beside the video are left out where the camera refuses them."""
        transport = await self._set_up_video(transports)
        for track in self._tracks.all[1:]:
            try:
                await self._set_up(track, transport)
            except ProblemError as problem:
                log.info("a track is left out: %s", problem.title)
                if self._connection.ended.done():
                    raise

    async def _set_up_video(self, transports: tuple[str, ...]) -> str:
        for transport in transports:
            if await self._set_up(self._tracks.all[0], transport):
                return transport
        raise problems.unsupported_transport()

    async def _set_up(self, track: Track, transport: str) -> bool:
        return await (self._set_up_tcp(track) if transport == "tcp" else self._set_up_udp(track))

    async def _set_up_tcp(self, track: Track) -> bool:
        """False where the camera does not interleave."""
        channel = 2 * len(self._control)
        answer = await self._client.ask("SETUP", track.url, {
            "Transport": f"RTP/AVP/TCP;unicast;interleaved={channel}-{channel + 1}",
        })  # fmt: skip
        if answer.status == UNSUPPORTED_TRANSPORT:
            return False
        _raise_for(answer)
        taken = transport_of(answer.header("transport"))
        if "rtp/avp/tcp" not in taken and "interleaved" not in taken:
            return False
        pair = channels_of(taken.get("interleaved", f"{channel}-{channel + 1}")) or (channel, channel + 1)
        self._connection.rtp[pair[0]] = track.receiver
        self._connection.rtcp[pair[1]] = track.receiver.control
        self._control.append((track, lambda packet: self._connection.send_frame(pair[1] & 0xFF, packet)))
        return True

    async def _set_up_udp(self, track: Track) -> bool:
        connection, receiver = self._connection, track.receiver
        hosts = (connection.own_host, connection.peer_host)
        ports = await UdpPorts.open(hosts, receiver, receiver.control, self._clock, self._guarded)
        self._ports.append(ports)
        answer = await self._client.ask("SETUP", track.url, {
            "Transport": f"RTP/AVP;unicast;client_port={ports.ports[0]}-{ports.ports[1]}",
        })  # fmt: skip
        if answer.status == UNSUPPORTED_TRANSPORT:
            return False
        _raise_for(answer)
        pair = channels_of(transport_of(answer.header("transport")).get("server_port", ""))
        if pair is not None and all(0 < port < 1 << 16 for port in pair):
            ports.connect((connection.peer_host, *pair))
        self._control.append((track, ports.send_control))
        return True

    def _guarded(self, work: Callable[[], None]) -> None:
        """Run what takes a datagram; the camera's errors end this session and nothing else."""
        if self._connection.ended.done():
            return
        try:
            work()
        except ProblemError as problem:
            self._connection.abort(problem)
        except Exception:
            log.exception("what a camera sent could not be taken")
            self._connection.abort(problems.failed())

    # --- play -------------------------------------------------------------------------------------------------------

    async def _play(self) -> None:
        """PLAY from now on."""
        answer = await self._client.ask("PLAY", self._tracks.url, {"Range": "npt=0.000-"})
        if answer.status in BAD_RANGE:
            answer = await self._client.ask("PLAY", self._tracks.url)
        _raise_for(answer)
        now_us = self._clock.monotonic_us()
        self._played_us = self._kept_alive_us = self._heard_us = self._paced_us = now_us
        self._reported_us = now_us - REPORT_EVERY_US + FIRST_REPORT_US

    async def _watch_over(self) -> None:
        """Until the stream ends: keep it alive, report, notice silence."""
        period_s = HELD_PACKETS_TICK_S if self._ports else TICK_S
        ended = self._connection.ended
        while not ended.done():
            await asyncio.wait({ended}, timeout=period_s)
            now_us = self._clock.monotonic_us()
            for ports in self._ports:
                self._guarded(lambda ports=ports: ports.reorder.expire(self._clock.now_us()))  # type: ignore[misc]
            if now_us - self._paced_us >= TICK_S * US_PER_S * 0.9:
                self._tick(now_us)
        problem = ended.result()
        if problem is not None:
            raise problem
        if not self._tracks.video.units:
            raise problems.closed_early()

    def _tick(self, now_us: int) -> None:
        self._pace(now_us)
        self._notice_silence(now_us)
        self._keep(now_us)
        if now_us - self._reported_us >= REPORT_EVERY_US:
            self._reported_us = now_us
            self._report()
        if self._tracks.video_receiver.left:
            self._connection.close()

    def _pace(self, now_us: int) -> None:
        received = self._connection.received_bytes
        bytes_per_s = (received - self._received_bytes) * US_PER_S / max(1, now_us - self._paced_us)
        self._connection.pace(0.0 if self._watched() else bytes_per_s)
        self._received_bytes, self._paced_us = received, now_us

    def _notice_silence(self, now_us: int) -> None:
        """A camera may take long for its first key picture, but not for its first packets."""
        packets = self._tracks.video_receiver.received_packets
        if packets != self._packets:
            self._packets, self._heard_us = packets, now_us
        elif now_us - self._heard_us >= SILENT_AFTER_US:
            self._connection.abort(problems.silent(SILENT_AFTER_US / US_PER_S))
        if not self._tracks.video.units and now_us - self._played_us >= FIRST_PICTURE_US:
            self._connection.abort(problems.no_picture())

    def _keep(self, now_us: int) -> None:
        """Keep the session alive, before half its timeout; a camera that does not answer while it sends is forgiven."""
        if self._answer is not None and self._answer.done():
            self._kept(self._answer.result())
            self._answer = None
        if now_us - self._kept_alive_us >= (self._client.session_timeout_s / 2 - TICK_S / 2) * US_PER_S:
            self._kept_alive_us = now_us
            self._answer = self._client.send(self._keep_alive, self._tracks.url)

    def _kept(self, answer: Response | None) -> None:
        if answer is None:
            return
        if answer.status == 401:
            self._client.refresh(answer)
            self._kept_alive_us = 0
        elif answer.status in NOT_IMPLEMENTED and self._keep_alive != "OPTIONS":
            self._keep_alive = "OPTIONS"
            self._kept_alive_us = 0
        elif answer.status == NO_SESSION:
            self._connection.abort(problems.stream_changed())

    def _report(self) -> None:
        video_offset_us = self._tracks.video_receiver.camera_offset_us
        for track, send in self._control:
            if (report := track.receiver.report()) is not None:
                send(report)
            if video_offset_us is not None and track.receiver is not self._tracks.video_receiver:
                track.receiver.align(video_offset_us)
        if video_offset_us is not None:
            self._sink.on_clock(-video_offset_us)

    def _close(self) -> None:
        """TEARDOWN without waiting, and give everything back."""
        if self._client.session and not self._connection.ended.done():
            self._client.send("TEARDOWN", self._tracks.url)
        for ports in self._ports:
            ports.close()
        self._connection.close()


def _raise_for(answer: Response) -> None:
    if not 200 <= answer.status < 300:
        raise problems.status_problem(answer.status)

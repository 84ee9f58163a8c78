"""One RTP stream: packets in, units on the recorder's clock out to the sink; RTCP both ways (RFC 3550)."""

import secrets
from dataclasses import replace
from typing import Protocol

from appliance.core.clock import US_PER_S, Clock
from appliance.media import problems
from appliance.media.clockmap import ClockMap
from appliance.media.depacketise.base import Depacketiser
from appliance.media.model import AudioFormat, AudioUnit, Sink, VideoFormat, VideoUnit
from appliance.media.rtcp import Bye, SenderReport, parse_compound, receiver_report
from appliance.media.rtp import HEADER_BYTES, Sequence, payload_bounds
from appliance.media.rtsp.runs import RunReader

MOST_FOREIGN_PACKETS = 200
_HALF, _WRAP = 1 << 31, 1 << 32
_PLAIN = 0x80  # version 2, no padding, no extension, no contributing sources


class Output(Protocol):
    """Lays a track's units on the recorder's clock and hands them to the sink."""

    clock: ClockMap
    arrival_us: int


class VideoOutput:
    """Implements depacketise.base.VideoOut. units: how many came so far."""

    def __init__(self, sink: Sink, rate_hz: int, described_fps: float) -> None:
        self.clock = ClockMap(rate_hz)
        self.arrival_us = 0
        self.units = 0
        self._sink = sink
        self._described_fps = described_fps

    def video_format(self, fmt: VideoFormat) -> None:
        """See VideoOut; the description's frame rate stands in where the stream tells none."""
        if not fmt.nominal_fps and self._described_fps:
            fmt = replace(fmt, nominal_fps=self._described_fps)
        self._sink.on_video_format(fmt)

    def video_unit(self, rtp: int, data: bytes | bytearray, key: bool, damaged: bool) -> None:
        """See VideoOut."""
        self.units += 1
        self._sink.on_video(VideoUnit(self.clock.time_us(rtp, self.arrival_us), data, key, damaged))


class AudioOutput:
    """Implements depacketise.base.AudioOut."""

    def __init__(self, sink: Sink, rate_hz: int) -> None:
        self.clock = ClockMap(rate_hz)
        self.arrival_us = 0
        self._sink = sink
        self._rate_hz = rate_hz

    def audio_format(self, fmt: AudioFormat) -> None:
        """See AudioOut."""
        self._rate_hz = fmt.sample_rate_hz
        self._sink.on_audio_format(fmt)

    def audio_unit(self, rtp: int, data: bytes, samples: int) -> None:
        """See AudioOut."""
        time_us = self.clock.time_us(rtp, self.arrival_us)
        self._sink.on_audio(AudioUnit(time_us, data, samples * US_PER_S // self._rate_hz))


class MetadataOutput:
    """Documents of scene metadata."""

    def __init__(self, sink: Sink, rate_hz: int) -> None:
        self.clock = ClockMap(rate_hz)
        self.arrival_us = 0
        self._sink = sink

    def document(self, rtp: int, document: bytes) -> None:
        """A whole document."""
        self._sink.on_metadata(self.clock.time_us(rtp, self.arrival_us), document)


class Receiver:
    """Implements connection.PacketTaker. Several receivers may take turns on the camera's wall clock: see `align`."""

    def __init__(
        self,
        payload_type: int,
        rate_hz: int,
        depacketiser: Depacketiser,
        output: Output,
        sink: Sink,
        clock: Clock,
        runs: RunReader | None = None,
    ) -> None:
        self.arrival_us = 0
        self.left = False  # the camera said goodbye (RTCP BYE)
        self.output = output
        self._payload_type = payload_type
        self._rate_hz = rate_hz
        self._depacketiser = depacketiser
        self._sink = sink
        self._clock = clock
        self._runs = runs
        self._sequence = Sequence()
        self._own_ssrc = secrets.randbits(32)
        self._foreign_packets = 0
        self._own_packets = 0
        self._transit: int | None = None
        self._aligned_us: int | None = None

    def packet(
        self, view: memoryview, start: int, end: int, first: int, kind: int, sequence: int, stamp: int, ssrc: int
    ) -> None:
        """See PacketTaker. Raises ProblemError where the camera sends what it did not describe."""
        if first != _PLAIN:
            bounds = payload_bounds(view, start - HEADER_BYTES, end)
            if bounds is None:
                return
            start, end = bounds
        if kind & 0x7F != self._payload_type:
            self._foreign(sequence, ssrc)
            return
        missing = self._sequence.step(sequence, ssrc)
        if missing:
            if missing < 0:
                return
            self._depacketiser.lost()
            self._sink.on_loss(missing)
        self.output.arrival_us = self.arrival_us
        if kind & 0x80:
            self._measure_jitter(stamp)
        self._depacketiser.push(view, start, end, stamp, kind & 0x80)

    def run(self, view: memoryview, at: int, end: int, frame_bytes: int, stamp: int, ssrc: int) -> int:
        """See PacketTaker."""
        reception = self._sequence.reception
        if self._runs is None or ssrc != reception.ssrc:
            return at
        number = reception.highest + 1 & 0xFFFF
        parts = self._runs.read(view, at, end, frame_bytes, number, (stamp << 32 | ssrc).to_bytes(8))
        if not parts:
            return at
        packets = len(parts) - 1
        reception.highest += packets
        reception.received += packets
        payload = b"".join(parts)
        self.output.arrival_us = self.arrival_us
        self._depacketiser.push(memoryview(payload), 0, len(payload), stamp, 0)
        return at + packets * frame_bytes

    def _foreign(self, sequence: int, ssrc: int) -> None:
        """Comfort noise, repairs and events are passed over; nothing else for a while is another stream."""
        reception = self._sequence.reception
        if ssrc == reception.ssrc:
            self._sequence.step(sequence, ssrc)
            reception.received -= 1
        if reception.received != self._own_packets:
            self._own_packets, self._foreign_packets = reception.received, 0
        self._foreign_packets += 1
        if self._foreign_packets > MOST_FOREIGN_PACKETS:
            raise problems.stream_changed()

    def _measure_jitter(self, stamp: int) -> None:
        """RFC 3550 appendix A.8, once per unit: the camera learns how evenly its stream arrives."""
        transit = self.arrival_us * self._rate_hz // US_PER_S - stamp
        if self._transit is not None:
            step = abs((transit - self._transit + _HALF) % _WRAP - _HALF)
            self._sequence.reception.jitter += (step - self._sequence.reception.jitter) / 16
        self._transit = transit

    # --- RTCP -------------------------------------------------------------------------------------------------------

    def control(self, packet: bytes) -> None:
        """An RTCP packet of this track."""
        reception = self._sequence.reception
        for item in parse_compound(packet):
            if reception.highest >= 0 and item.ssrc != reception.ssrc:
                continue
            if isinstance(item, Bye):
                self.left = True
            else:
                self._reported(item)

    def _reported(self, report: SenderReport) -> None:
        reception = self._sequence.reception
        reception.sender_report_middle = report.middle
        reception.sender_report_at_us = self._clock.monotonic_us()
        self.output.clock.sender_report(report.ntp_us, report.rtp)

    @property
    def received_packets(self) -> int:
        """RTP packets taken so far from the present sender."""
        return self._sequence.reception.received

    @property
    def camera_offset_us(self) -> int | None:
        """Our UTC minus the camera's wall clock; None before a sender report."""
        return self.output.clock.camera_offset_us()

    def align(self, camera_offset_us: int) -> None:
        """Move this track towards another one's camera_offset_us."""
        now_us = self._clock.monotonic_us()
        if self._aligned_us is not None:
            self.output.clock.align(camera_offset_us, now_us - self._aligned_us)
        self._aligned_us = now_us

    def report(self) -> bytes | None:
        """A receiver report; None before the first packet."""
        if self._sequence.reception.highest < 0:
            return None
        return receiver_report(self._own_ssrc, self._sequence.reception, self._clock.monotonic_us())

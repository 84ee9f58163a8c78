"""RTP made by payloaders that we did not write (libav's and GStreamer's), and what a depacketiser makes of it."""

import subprocess
import tempfile
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import cast
from unittest import mock

import av
import numpy as np
from av.audio.stream import AudioStream
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from appliance.media.depacketise.base import Depacketiser
from appliance.media.model import AudioFormat, VideoCodec, VideoFormat
from appliance.media.rtp import Sequence, payload_bounds
from hwtests.camera import packetise
from hwtests.camera.config import Codec
from tests.media.encoded import picture

DECODERS = {VideoCodec.H264: "h264", VideoCodec.H265: "hevc", VideoCodec.AV1: "libdav1d", VideoCodec.MJPEG: "mjpeg"}


@dataclass
class Heard:
    """What a depacketiser told: units are (rtp, data, key, damaged), or (rtp, data, samples)."""

    formats: list[VideoFormat] = field(default_factory=list)
    units: list[tuple[int, bytes, bool, bool]] = field(default_factory=list)
    audio_formats: list[AudioFormat] = field(default_factory=list)
    sounds: list[tuple[int, bytes, int]] = field(default_factory=list)

    def video_format(self, fmt: VideoFormat) -> None:
        self.formats.append(fmt)

    def video_unit(self, rtp: int, data: bytes | bytearray, key: bool, damaged: bool) -> None:
        self.units.append((rtp, bytes(data), key, damaged))

    def audio_format(self, fmt: AudioFormat) -> None:
        self.audio_formats.append(fmt)

    def audio_unit(self, rtp: int, data: bytes, samples: int) -> None:
        self.sounds.append((rtp, data, samples))


def deliver(depacketiser: Depacketiser, packets: Iterable[bytes], lose: Collection[int] = ()) -> None:
    """Push RTP packets as a connection does, out of one buffer that is used again, without those at `lose`."""
    buffer, sequence = bytearray(70_000), Sequence()
    view = memoryview(buffer)
    for index, packet in enumerate(packets):
        if index in lose:
            continue
        start, end = 7, 7 + len(packet)
        buffer[start:end] = packet
        bounds = payload_bounds(view, start, end)
        assert bounds is not None
        if sequence.step(int.from_bytes(packet[2:4]), int.from_bytes(packet[8:12])):
            depacketiser.lost()
        depacketiser.push(view, *bounds, int.from_bytes(packet[4:8]), packet[1] & 0x80)
        buffer[:end] = b"\xee" * end


def packets_of(units: Iterable[tuple[int, list[bytes]]], *, sequence: int = 65_530, mark: bool = True) -> list[bytes]:
    """RTP packets of (timestamp, payloads), the marker on the last of each."""
    packets = []
    for rtp, payloads in units:
        for payload in payloads:
            last = mark and payload is payloads[-1]
            head = bytes((0x80, 96 | 0x80 * last)) + (sequence & 0xFFFF).to_bytes(2)
            packets.append(head + (rtp & 0xFFFFFFFF).to_bytes(4) + b"SSRC" + payload)
            sequence += 1
    return packets


def simulated(
    codec: Codec, pictures: list[list[bytes]], size: int = 300, first: int = 0
) -> list[tuple[int, list[bytes]]]:
    """(timestamp, payloads of at most about `size` bytes) of pictures at 25 fps, as the simulated camera cuts them.

    first: the number of the first picture; AV1 says of every tenth that it is a key picture.
    """
    with mock.patch.object(packetise, "PAYLOAD_SIZE", size):
        return [
            (number * 3600, packetise.video_payloads(codec, parts, number % 10 == 0))
            for number, parts in enumerate(pictures, first)
        ]


class _Wire:
    def __init__(self) -> None:
        self.packets: list[bytes] = []

    def write(self, data: bytes) -> int:
        self.packets.append(bytes(data))
        return len(data)


def libav_video(
    codec: str,
    frames: int,
    options: dict[str, str] | None = None,
    *,
    packet_bytes: int = 1400,
    pix_fmt: str = "yuv420p",
    size: tuple[int, int] = (160, 120),
    draw: Callable[[int, int, int], av.VideoFrame] = picture,
) -> tuple[list[bytes], list[bytes]]:
    """(RTP packets, RTCP packets) of libav's muxer; every picture of the test pattern at 25 fps."""
    wire = _Wire()
    settings = {"packetsize": str(packet_bytes), "strict": "experimental"}  # AV1 over RTP is that to libav
    with av.open(wire, "w", format="rtp", options=settings) as container:
        stream = cast(VideoStream, container.add_stream(codec, rate=25, options=options or {}))
        stream.width, stream.height = size
        stream.pix_fmt = pix_fmt
        for index in range(frames):
            frame = draw(index, *size).reformat(format=pix_fmt)
            frame.pts, frame.time_base = index, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return _sorted(wire.packets)


def libav_audio(
    codec: str,
    rate_hz: int,
    frames: int,
    *,
    samples: int,
    layout: str = "mono",
    sample_format: str = "s16",
    **options: str,
) -> tuple[list[bytes], bytes]:
    """(RTP packets of a tone, the encoder's extradata) by libav's muxer."""
    wire = _Wire()
    with av.open(wire, "w", format="rtp", options={"packetsize": "1400"}) as container:
        stream = cast(AudioStream, container.add_stream(codec, rate=rate_hz, layout=layout, options=options))
        for index in range(frames):
            wave = np.sin(2 * np.pi * 440 * np.arange(index * samples, (index + 1) * samples) / rate_hz)
            shaped = np.repeat((wave * 20_000).astype(np.int16), stream.codec_context.channels).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(shaped, format="s16", layout=layout)
            frame.sample_rate, frame.pts, frame.time_base = rate_hz, index * samples, Fraction(1, rate_hz)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        extradata = bytes(stream.codec_context.extradata or b"")
    return _sorted(wire.packets)[0], extradata


def _sorted(packets: list[bytes]) -> tuple[list[bytes], list[bytes]]:
    reports = [packet for packet in packets if 200 <= packet[1] <= 204]
    return [packet for packet in packets if packet not in reports], reports


def gstreamer(pipeline: str) -> list[bytes]:
    """The RTP packets that a GStreamer pipeline ends with (each behind its length in a file, RFC 4571)."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "packets")
        command = f"gst-launch-1.0 -q {pipeline} ! rtpstreampay ! filesink location={file}"
        subprocess.run(command.split(), check=True, timeout=60, capture_output=True)
        data, packets = file.read_bytes(), []
    while data:
        length = int.from_bytes(data[:2])
        packets.append(data[2 : 2 + length])
        data = data[2 + length :]
    return packets


def decoded(fmt: VideoFormat, units: Iterable[tuple[int, bytes, bool, bool]]) -> list[av.VideoFrame]:
    """The pictures that libav decodes from units of one format."""
    decoder = cast(VideoCodecContext, av.CodecContext.create(DECODERS[fmt.codec], "r"))
    if fmt.config:
        decoder.extradata = fmt.config
    frames = [frame for _, data, _, _ in units for frame in decoder.decode(av.Packet(data))]
    return frames + decoder.decode(None)


def numbers(frames: list[av.VideoFrame]) -> list[int]:
    """Which picture of the test pattern each one is (modulo 200/7 in lumas)."""
    lumas = [int(frame.reformat(format="gray8").to_ndarray()[frame.height // 2, frame.width // 2]) for frame in frames]
    return [round(luma * 219 / 255 / 7) for luma in lumas]


def whole_again_after_a_loss(hear: Callable[..., Heard], packets: list[bytes], lost: int) -> None:
    """One lost packet leaves what is before it as it was, and what follows from the next key unit on."""
    lost = 1 + lost % (len(packets) - 1)  # what was before the first one nobody knows
    hit = int.from_bytes(packets[lost][4:8])
    right, hurt = hear(packets), hear(packets, (lost,))
    keys = [unit[0] for unit in right.units if unit[2] and unit[0] > hit]
    again = keys[0] if keys else 1 << 32
    assert [u for u in hurt.units if u[0] < hit] == [u for u in right.units if u[0] < hit]
    assert [u for u in hurt.units if u[0] >= again] == [u for u in right.units if u[0] >= again]
    assert all(damaged for rtp, _, _, damaged in hurt.units if hit <= rtp < again)

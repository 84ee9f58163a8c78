"""Live fan-out of one camera: chunks are built once, only while somebody watches, and never wait for a viewer."""

import struct
from typing import Any, Protocol

import msgspec

from appliance.media.fmp4 import DecodeTimes, audio_chunk, init_segment, video_chunk
from appliance.media.model import AudioFormat, AudioUnit, VideoFormat, VideoUnit

STATE, VIDEO_FORMAT, AUDIO_FORMAT, VIDEO_CHUNK, AUDIO_CHUNK = range(5)
KEY, DAMAGED = 1, 2

MAX_BEHIND_BYTES = 4 * 1024 * 1024
MAX_HELD_BYTES = 16 * 1024 * 1024
DEFAULT_FRAME_US = 40_000
LONGEST_FRAME_US = 1_000_000

Unit = VideoUnit | AudioUnit


class Outlet(Protocol):
    """Where a viewer's bytes go; an asyncio transport fits."""

    def write(self, data: bytes) -> None:
        """Queue bytes."""
        ...

    def get_write_buffer_size(self) -> int:
        """Bytes queued and not yet taken by the other side."""
        ...

    def close(self) -> None:
        """End the connection when what is queued has been taken."""
        ...


def message(kind: int, payload: bytes) -> bytes:
    """Frame one message of the live socket (docs/reference/live-socket.md)."""
    return struct.pack(">IB", len(payload) + 1, kind) + payload


class Viewer:
    """One reader of one camera. A slow one loses whole groups of chunks, up to a key frame."""

    def __init__(self, outlet: Outlet, max_behind_bytes: int = MAX_BEHIND_BYTES) -> None:
        self._outlet = outlet
        self._max_behind_bytes = max_behind_bytes
        self._waits_for_key = False
        self.dropped_chunks = 0

    def close(self) -> None:
        """End the connection."""
        self._outlet.close()

    def send(self, framed: bytes) -> None:
        """Send what must not be left out: states and formats."""
        self._outlet.write(framed)

    def offer(self, framed: bytes, *, key: bool) -> bool:
        """Send a chunk unless the viewer is too far behind; return whether it was sent."""
        if self._outlet.get_write_buffer_size() > self._max_behind_bytes:
            self._waits_for_key = True
        elif key:
            self._waits_for_key = False
        if self._waits_for_key:
            self.dropped_chunks += 1
            return False
        self._outlet.write(framed)
        return True


class LiveChannel:
    """What is live of one camera: its state, its formats and every unit since the newest key frame.

    The units are references to what the recorder holds anyway; nothing is encoded while nobody watches.
    """

    def __init__(self) -> None:
        self.viewers: set[Viewer] = set()
        self.dropped_chunks = 0
        self._state = msgspec.json.encode({"status": "waiting", "problem": None})
        self._video: VideoFormat | None = None
        self._audio: AudioFormat | None = None
        self._epoch_us: int | None = None
        self._since_key: list[tuple[Unit, int]] = []
        self._decode_times = DecodeTimes()
        self._held_bytes = 0
        self._sequence = 0
        self._frame_us = DEFAULT_FRAME_US
        self._last_video_us: int | None = None

    def join(self, viewer: Viewer) -> None:
        """Add a viewer; it gets the state, the formats and everything since the newest key frame at once."""
        viewer.send(message(STATE, self._state))
        for framed in self._formats():
            viewer.send(framed)
        for unit, decode_us in self._since_key:
            viewer.send(self._chunk(unit, decode_us))
        self.viewers.add(viewer)

    def leave(self, viewer: Viewer) -> None:
        """Remove a viewer."""
        self.viewers.discard(viewer)

    def end(self) -> None:
        """The camera was changed, switched off or removed: viewers are let go, to ask anew."""
        for viewer in tuple(self.viewers):
            viewer.close()

    def set_state(self, status: str, problem: dict[str, Any] | None) -> None:
        """Tell every viewer whether media flows, and if not why."""
        self._state = msgspec.json.encode({"status": status, "problem": problem})
        self._broadcast(message(STATE, self._state))

    def begin(self) -> None:
        """A new connection: media time starts over, formats will follow."""
        self._video = self._audio = self._epoch_us = self._last_video_us = None
        self._decode_times = DecodeTimes()
        self._forget_units()

    def video_format(self, fmt: VideoFormat) -> None:
        """Take a (new) video format; what is held belongs to the old one."""
        self._video = fmt
        self._forget_units()
        if self._epoch_us is not None:
            self._broadcast(self._video_message(fmt, self._epoch_us))

    def audio_format(self, fmt: AudioFormat) -> None:
        """Take a (new) audio format."""
        self._audio = fmt
        self._since_key = [held for held in self._since_key if isinstance(held[0], VideoUnit)]
        if self._epoch_us is not None:
            self._broadcast(self._audio_message(fmt, self._epoch_us))

    def video(self, unit: VideoUnit) -> None:
        """Take the next video unit."""
        if self._video is None:
            return
        if self._epoch_us is None:
            self._open_epoch(unit.time_us)
        self._measure(unit.time_us)
        if unit.key:
            self._forget_units()
        decode_us = self._decode_times.next(unit.time_us)
        self._hold(unit, decode_us)
        if self.viewers:
            self._offer(self._chunk(unit, decode_us), key=unit.key)

    def audio(self, unit: AudioUnit) -> None:
        """Take the next audio unit; audio before the first picture is left out."""
        if self._audio is None or self._epoch_us is None or unit.time_us < self._epoch_us:
            return
        self._hold(unit, unit.time_us)
        if self.viewers:
            self._offer(self._chunk(unit, unit.time_us), key=False)

    def _open_epoch(self, time_us: int) -> None:
        self._epoch_us = time_us
        for framed in self._formats():
            self._broadcast(framed)

    def _measure(self, time_us: int) -> None:
        if self._last_video_us is not None and 0 < time_us - self._last_video_us < LONGEST_FRAME_US:
            self._frame_us = time_us - self._last_video_us
        self._last_video_us = time_us

    def _hold(self, unit: Unit, decode_us: int) -> None:
        self._since_key.append((unit, decode_us))
        self._held_bytes += len(unit.data)
        if self._held_bytes > MAX_HELD_BYTES:
            self._forget_units()

    def _forget_units(self) -> None:
        self._since_key = []
        self._held_bytes = 0

    def _chunk(self, unit: Unit, decode_us: int) -> bytes:
        self._sequence += 1
        epoch_us = self._epoch_us or 0
        if isinstance(unit, VideoUnit):
            flags = (KEY if unit.key else 0) | (DAMAGED if unit.damaged else 0)
            body = video_chunk(
                unit, epoch_us=epoch_us, duration_us=self._frame_us, sequence=self._sequence, decode_us=decode_us
            )
            return message(VIDEO_CHUNK, struct.pack(">BQ", flags, unit.time_us) + body)
        assert self._audio is not None
        body = audio_chunk(unit, self._audio, epoch_us=epoch_us, sequence=self._sequence)
        return message(AUDIO_CHUNK, struct.pack(">BQ", KEY, unit.time_us) + body)

    def _formats(self) -> list[bytes]:
        messages: list[bytes] = []
        if self._epoch_us is not None and self._video is not None:
            messages.append(self._video_message(self._video, self._epoch_us))
        if self._epoch_us is not None and self._audio is not None:
            messages.append(self._audio_message(self._audio, self._epoch_us))
        return messages

    def _video_message(self, fmt: VideoFormat, epoch_us: int) -> bytes:
        head = {
            "codec": fmt.codec,
            "codec_string": fmt.codec_string,
            "width": fmt.width,
            "height": fmt.height,
            "fps": fmt.nominal_fps,
            "epoch_us": epoch_us,
        }
        return _format_message(VIDEO_FORMAT, head, init_segment(fmt, None))

    def _audio_message(self, fmt: AudioFormat, epoch_us: int) -> bytes:
        head = {
            "codec": fmt.codec,
            "codec_string": fmt.codec_string,
            "sample_rate_hz": fmt.sample_rate_hz,
            "channels": fmt.channels,
            "epoch_us": epoch_us,
        }
        return _format_message(AUDIO_FORMAT, head, init_segment(None, fmt))

    def _broadcast(self, framed: bytes) -> None:
        for viewer in self.viewers:
            viewer.send(framed)

    def _offer(self, framed: bytes, *, key: bool) -> None:
        for viewer in self.viewers:
            self.dropped_chunks += not viewer.offer(framed, key=key)


def _format_message(kind: int, head: dict[str, Any], init: bytes) -> bytes:
    return message(kind, msgspec.json.encode(head) + b"\n" + init)

"""Where media comes from: one thread per distinct stream, running while somebody watches, shared by all who do."""

import asyncio
import logging
import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hwtests.camera import packetise
from hwtests.camera.clocks import US_PER_S, CameraClock, now_us
from hwtests.camera.config import Audio, CameraConfig, Profile
from hwtests.camera.encoders import AUDIO_FORMATS, AudioEncoder, Coded, video_encoder
from hwtests.camera.pictures import Pictures, open_pictures

log = logging.getLogger(__name__)

AHEAD = 64  # coded units that may wait for the event loop
LATE_US = US_PER_S  # a producer later than this leaves pictures out rather than hurry after them
LINGER_S = 2.0
JOIN_TIMEOUT_S = 10.0

Subscriber = Callable[[Coded], None]


class Producer(Protocol):
    """Makes the units of one stream, in the thread of its source."""

    interval_us: float

    def produce(self, counter: int, time_us: int, key: bool) -> list[Coded]:
        """The units that the sample taken at time_us yields, payloads filled in; key asks for a key frame."""
        ...


class Source:
    """A stream that is produced while it has subscribers; delivers on the event loop."""

    def __init__(self, name: str, open_producer: Callable[[], Producer]) -> None:
        self.counter = 0
        self._name = name
        self._open = open_producer
        self._subscribers: list[Subscriber] = []
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._key_wanted = threading.Event()
        self._room = threading.BoundedSemaphore(AHEAD)
        self._linger: asyncio.TimerHandle | None = None

    def subscribe(self, subscriber: Subscriber, *, key: bool = True) -> None:
        """Deliver every unit from now on; key asks for a key frame soon."""
        self._subscribers.append(subscriber)
        if self._linger is not None:
            self._linger.cancel()
            self._linger = None
        if key:
            self._key_wanted.set()
        if self._thread is None:
            self._start()

    def unsubscribe(self, subscriber: Subscriber) -> None:
        """Deliver no more; the thread ends a moment after the last subscriber has gone."""
        if subscriber in self._subscribers:
            self._subscribers.remove(subscriber)
        if not self._subscribers and self._thread is not None and self._linger is None:
            self._linger = asyncio.get_running_loop().call_later(LINGER_S, self._stop_thread)

    async def close(self) -> None:
        """End the thread."""
        thread = self._thread
        self._stop_thread()
        if thread is not None:
            await asyncio.to_thread(thread.join, JOIN_TIMEOUT_S)

    def _start(self) -> None:
        self._stop = threading.Event()
        self._room = threading.BoundedSemaphore(AHEAD)
        arguments = (asyncio.get_running_loop(), self._stop, self._room)
        self._thread = threading.Thread(target=self._run, args=arguments, name=self._name, daemon=True)
        self._thread.start()

    def _stop_thread(self) -> None:
        if self._linger is not None:
            self._linger.cancel()
            self._linger = None
        self._stop.set()
        self._thread = None

    def _run(self, loop: asyncio.AbstractEventLoop, stop: threading.Event, room: threading.BoundedSemaphore) -> None:
        producer = self._open()
        start_us, tick = now_us(), 0
        while not stop.is_set():
            due_us = start_us + round(tick * producer.interval_us)
            if (ahead_us := due_us - now_us()) > 0 and stop.wait(ahead_us / US_PER_S):
                return
            if ahead_us < -LATE_US:
                tick += math.ceil(-ahead_us / producer.interval_us)
                continue
            tick += 1
            key = self._key_wanted.is_set()
            self._key_wanted.clear()
            coded = producer.produce(self.counter, due_us, key)
            self.counter += 1
            for unit in coded:
                while not room.acquire(timeout=0.1):
                    if stop.is_set():
                        return
                try:
                    loop.call_soon_threadsafe(self._deliver, unit, room, stop)
                except RuntimeError:  # the loop has closed: nobody is left to hear
                    return

    def _deliver(self, unit: Coded, room: threading.BoundedSemaphore, stop: threading.Event) -> None:
        room.release()
        if stop.is_set():  # of an encoder that has been given up: the next one's pictures do not follow it
            return
        for subscriber in tuple(self._subscribers):
            subscriber(unit)


class VideoProducer:
    """Pictures of a scene, coded."""

    def __init__(self, profile: Profile, pictures: Pictures) -> None:
        self.interval_us = US_PER_S / profile.fps
        self._codec = profile.codec
        self._pictures = pictures
        self._encoder = video_encoder(profile)

    def produce(self, counter: int, time_us: int, key: bool) -> list[Coded]:
        coded = self._encoder.encode(self._pictures.draw(counter, time_us), counter, time_us, key)
        for unit in coded:
            unit.payloads = packetise.video_payloads(self._codec, unit.parts, unit.key)
        return coded


class ToneProducer:
    """A quiet tone with a beep at every full second."""

    def __init__(self, audio: Audio) -> None:
        self._audio = audio
        self._encoder = AudioEncoder(audio)
        self._format = AUDIO_FORMATS[audio]
        self.interval_us = self._format.samples * US_PER_S / self._format.sample_rate_hz

    def produce(self, counter: int, time_us: int, key: bool) -> list[Coded]:
        coded = self._encoder.encode(self._samples(time_us), time_us)
        for unit in coded:
            unit.payloads = packetise.audio_payloads(self._audio, unit.parts[0])
        return coded

    def _samples(self, time_us: int) -> NDArray[np.int16]:
        seconds = time_us % (60 * US_PER_S) / US_PER_S
        at_s = seconds + np.arange(self._format.samples) / self._format.sample_rate_hz
        beep = (at_s % 1.0 < 0.08) * 5000 * np.sin(2 * np.pi * 880 * at_s)
        samples: NDArray[np.int16] = (700 * np.sin(2 * np.pi * 220 * at_s) + beep).astype(np.int16)
        return samples


class MetadataProducer:
    """A small ONVIF metadata document a second."""

    interval_us = float(US_PER_S)

    def __init__(self, clock: CameraClock) -> None:
        self._clock = clock

    def produce(self, counter: int, time_us: int, key: bool) -> list[Coded]:
        moment = np.datetime64(self._clock.at(time_us), "us")
        document = (
            '<?xml version="1.0" encoding="UTF-8"?>'
            '<tt:MetadataStream xmlns:tt="http://www.onvif.org/ver10/schema"><tt:VideoAnalytics>'
            f'<tt:Frame UtcTime="{moment}Z"><tt:Object ObjectId="{counter}"/></tt:Frame>'
            "</tt:VideoAnalytics></tt:MetadataStream>"
        ).encode()
        return [Coded([document], time_us, True, counter, packetise.metadata_payloads(document))]


@dataclass(frozen=True, slots=True)
class _Picture:
    """What decides a video stream: cameras of which all of this is equal share one encoder."""

    profile: Profile
    scene: str
    title: str
    offset_ms: float
    drift_ppm: float


class Sources:
    """Every source of the process, by what it streams."""

    def __init__(self, footage: str | None, started_us: int) -> None:
        self._footage = footage
        self._started_us = started_us
        self._video: dict[_Picture, Source] = {}
        self._audio: dict[Audio, Source] = {}
        self._metadata: dict[tuple[float, float], Source] = {}

    def clock(self, camera: CameraConfig) -> CameraClock:
        """The camera's clock."""
        return CameraClock(self._started_us, round(camera.offset_ms * 1000), camera.drift_ppm)

    def video(self, camera: CameraConfig, profile: Profile) -> Source:
        """The source of a camera's profile as it is streamed now."""
        title = camera.title or camera.name
        key = _Picture(profile, camera.scene, title, camera.offset_ms, camera.drift_ppm)
        if key not in self._video:
            clock, size = self.clock(camera), (profile.width, profile.height)

            def open_producer() -> Producer:
                return VideoProducer(profile, open_pictures(camera.scene, title, size, clock, self._footage))

            self._video[key] = Source(f"video-{title}-{profile.name}", open_producer)
        return self._video[key]

    def audio(self, audio: Audio) -> Source:
        """The tone in a coding."""
        if audio not in self._audio:
            self._audio[audio] = Source(f"audio-{audio}", lambda: ToneProducer(audio))
        return self._audio[audio]

    def metadata(self, camera: CameraConfig) -> Source:
        """The metadata documents by a camera's clock."""
        key = (camera.offset_ms, camera.drift_ppm)
        if key not in self._metadata:
            clock = self.clock(camera)
            self._metadata[key] = Source("metadata", lambda: MetadataProducer(clock))
        return self._metadata[key]

    async def close(self) -> None:
        """End every thread."""
        every: Sequence[Source] = [*self._video.values(), *self._audio.values(), *self._metadata.values()]
        await asyncio.gather(*(source.close() for source in every))

"""The transcoders at work, and how many may be."""

import asyncio
import os
import threading
from collections.abc import Callable

from appliance.api.media.feed import Feed
from appliance.api.media.live_transcoder import LiveTranscoder
from appliance.api.media.stream import Track, Viewer
from appliance.core.clock import Clock
from appliance.core.errors import ProblemError

Leave = Callable[[], None]


def most_videos() -> int:
    """How many videos may be transcoded at once: two for each processor, and no fewer than four."""
    return max(4, 2 * (os.cpu_count() or 1))


class Slots:
    """Places for video transcoding, shared by live view and playback. Safe to use from several threads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken = 0
        self._lock = threading.Lock()

    def take(self) -> None:
        """Take a place; raises ProblemError "too-many-transcodings"."""
        with self._lock:
            if self._taken < self._most:
                self._taken += 1
                return
        raise ProblemError(
            "too-many-transcodings",
            f"{self._most} videos are being transcoded already, which is as many as this recorder does at once",
            remedy="Close another view of an M-JPEG or H.265 camera, or choose H.264 on the camera.",
            status=503,
        )

    def give_back(self) -> None:
        """Give a place back."""
        with self._lock:
            self._taken -= 1


class Place:
    """One place that may be taken from a thread, and is given back for good on `close`, whatever that thread does."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots
        self._lock = threading.Lock()
        self._taken = False
        self._closed = False

    def take(self) -> None:
        """Take it, unless it is taken; raises ProblemError."""
        with self._lock:
            if not self._taken and not self._closed:
                self._slots.take()
                self._taken = True

    def give_back(self) -> None:
        """Give it back, if it is taken."""
        with self._lock:
            if self._taken:
                self._slots.give_back()
                self._taken = False

    def close(self) -> None:
        """Give it back, and never take it again."""
        with self._lock:
            self._closed = True
        self.give_back()


Key = tuple[str, Track, int]


class Transcoders:
    """Live transcoders by camera, track and epoch; each runs while somebody watches it."""

    def __init__(self, slots: Slots, clock: Clock) -> None:
        self._slots = slots
        self._clock = clock
        self._running: dict[Key, tuple[LiveTranscoder, asyncio.Task[None]]] = {}

    def __len__(self) -> int:
        return len(self._running)

    def join(self, feed: Feed, track: Track, epoch_us: int, viewer: Viewer) -> Leave:
        """Watch a track transcoded; returns how to leave, to be called once. Raises ProblemError."""
        key = feed.camera_id, track, epoch_us
        transcoder = self._running[key][0] if key in self._running else self._start(feed, key)
        transcoder.join(viewer)

        def leave() -> None:
            transcoder.viewers.remove(viewer)
            if not transcoder.viewers:
                self._stop(key)

        return leave

    def _start(self, feed: Feed, key: Key) -> LiveTranscoder:
        _, track, epoch_us = key
        if track is Track.VIDEO:
            self._slots.take()
        transcoder = LiveTranscoder(feed, track, epoch_us, self._clock)
        task = asyncio.create_task(transcoder.run(), name=f"transcode-{feed.camera_id}-{track.name.lower()}")
        self._running[key] = transcoder, task
        return transcoder

    def _stop(self, key: Key) -> None:
        _, task = self._running.pop(key)
        task.cancel()
        if key[1] is Track.VIDEO:
            self._slots.give_back()

"""What the media handlers share."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from appliance.api.media.feed import Feeds
from appliance.api.media.outgoing import Unsent
from appliance.api.media.reading import read
from appliance.api.media.threads import Threads
from appliance.api.media.transcoders import Slots, Transcoders, most_videos
from appliance.api.services import Services
from appliance.cameras.model import Camera, shard_of
from appliance.core.clock import Clock
from appliance.core.errors import ProblemError
from appliance.recordings.reader import RecordingReader


@dataclass(frozen=True, slots=True)
class MediaParts:
    """Feeds, transcoders and threads of this process.

    camera: by id, None where there is none. reader: call it in a thread, anew for every request. playing: threads of
    the media socket's playback channels; reading: of requests about recordings; imaging: of what decodes pictures.
    unsent: what waits on all media sockets together.
    """

    clock: Clock
    camera: Callable[[str], Camera | None]
    reader: Callable[[], RecordingReader]
    feeds: Feeds
    slots: Slots
    transcoders: Transcoders
    playing: Threads
    reading: Threads
    imaging: Threads
    unsent: Unsent = field(default_factory=Unsent)

    def configured(self, camera_id: str, field: str | None = None) -> Camera:
        """A configured camera; raises ProblemError "no-such-camera"."""
        camera = self.camera(camera_id)
        if camera is None:
            raise _no_such_camera(field)
        return camera

    async def recorded(self, camera_id: str, field: str | None = None) -> str:
        """The name of a camera that is configured or has recordings (then its id); raises ProblemError."""
        camera = self.camera(camera_id)
        if camera is not None:
            return camera.name
        if await read(self.reading, lambda: self.reader().latest_us(camera_id)) is None:
            raise _no_such_camera(field)
        return camera_id


def _no_such_camera(field: str | None) -> ProblemError:
    return ProblemError(
        "no-such-camera",
        "There is no such camera",
        remedy="Choose one of those that GET /api/v1/cameras lists.",
        status=404,
        field=field,
    )


def media_parts(services: Services) -> MediaParts:
    """The parts of an api unit."""
    context = services.context

    def live_socket(camera_id: str) -> Path:
        return context.paths.live_socket(shard_of(camera_id, services.shards))

    slots = Slots(most_videos())
    return MediaParts(
        clock=context.clock,
        camera=lambda camera_id: services.cameras.get(camera_id),  # noqa: PLW0108 - the tables come later
        reader=lambda: services.reader,
        feeds=Feeds(live_socket, context.clock),
        slots=slots,
        transcoders=Transcoders(slots, context.clock),
        playing=Threads("play", 8, 512),
        reading=Threads("media", 4, 64),
        imaging=Threads("image", 2, 32),
    )

"""The recorded picture at a time."""

from appliance.core.errors import ProblemError
from appliance.media.fmp4 import video_units
from appliance.media.model import VideoUnit
from appliance.media.snapshot import snapshot
from appliance.recordings.index_reader import StoredFragment
from appliance.recordings.playback import read_fragment
from appliance.recordings.reader import RecordingReader


def recorded_picture(reader: RecordingReader, camera_id: str, time_us: int, *, width: int | None = None) -> bytes:
    """JPEG of the frame shown at a time; blocks for disk and decoding.

    Raises ProblemError "no-video-in-range", "no-picture" or "cannot-decode", OSError, apsw.Error.
    """
    fragments = list(reader.fragments(camera_id, time_us, time_us + 1))
    if not fragments:
        raise ProblemError(
            "no-video-in-range",
            "Nothing is recorded at this time",
            remedy="Choose a time at which the timeline shows recordings.",
            status=404,
            field="time",
        )
    units = [unit for fragment in fragments for unit in _units(fragment)]
    return snapshot(fragments[-1].video_format, units, time_us=time_us, width=width)


def _units(fragment: StoredFragment) -> list[VideoUnit]:
    return video_units(read_fragment(fragment), fragment.segment_start_us)

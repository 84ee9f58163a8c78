"""The tables of a recordings index, as numbered migrations, and the packed form of a closed segment's fragments."""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

# 1: the first schema.
# fragment holds rows of open segments only; a closed segment has them packed in segment.fragments.
MIGRATIONS = (
    """
    CREATE TABLE format (id INTEGER PRIMARY KEY, media TEXT NOT NULL UNIQUE) STRICT;
    CREATE TABLE segment (
        id INTEGER PRIMARY KEY,
        camera TEXT NOT NULL,
        start_us INTEGER NOT NULL,
        end_us INTEGER NOT NULL,
        path TEXT NOT NULL UNIQUE,
        bytes INTEGER NOT NULL,
        init_size INTEGER NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('open', 'closed', 'deleting')),
        kinds INTEGER NOT NULL,
        format INTEGER NOT NULL REFERENCES format (id),
        fragments BLOB
    ) STRICT;
    CREATE INDEX segment_by_time ON segment (camera, end_us);
    CREATE INDEX segment_by_start ON segment (start_us);
    CREATE INDEX segment_unfinished ON segment (state) WHERE state != 'closed';
    CREATE TABLE fragment (
        segment INTEGER NOT NULL REFERENCES segment (id) ON DELETE CASCADE,
        start_us INTEGER NOT NULL,
        duration_us INTEGER NOT NULL,
        offset INTEGER NOT NULL,
        video_size INTEGER NOT NULL,
        audio_size INTEGER NOT NULL,
        flags INTEGER NOT NULL,
        PRIMARY KEY (segment, offset)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE span (
        id INTEGER PRIMARY KEY,
        camera TEXT NOT NULL,
        start_us INTEGER NOT NULL,
        end_us INTEGER NOT NULL,
        kinds INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX span_by_time ON span (camera, end_us);
    CREATE TABLE gap (
        id INTEGER PRIMARY KEY,
        camera TEXT NOT NULL,
        start_us INTEGER NOT NULL,
        end_us INTEGER NOT NULL,
        cause TEXT NOT NULL
    ) STRICT;
    CREATE INDEX gap_by_time ON gap (camera, end_us);
    CREATE TABLE total (
        camera TEXT NOT NULL,
        day INTEGER NOT NULL,
        recorded_us INTEGER NOT NULL,
        bytes INTEGER NOT NULL,
        PRIMARY KEY (camera, day)
    ) STRICT, WITHOUT ROWID;
    """,
)

KEY, DAMAGED = 1, 2
_PACKED = struct.Struct(">IIIB")


@dataclass(frozen=True, slots=True)
class FragmentRow:
    """A fragment of a segment: bytes of video (prft, moof, mdat) at offset, then of audio; flags KEY | DAMAGED."""

    start_us: int
    duration_us: int
    offset: int
    video_size: int
    audio_size: int
    flags: int

    @property
    def end_us(self) -> int:
        """Where the next fragment starts."""
        return self.start_us + self.duration_us

    @property
    def end_offset(self) -> int:
        """Where the next fragment lies."""
        return self.offset + self.video_size + self.audio_size


def pack(rows: Iterable[FragmentRow]) -> bytes:
    """13 bytes a fragment: sizes, duration, flags. Fragments of a segment tile, in time and in the file."""
    return b"".join(_PACKED.pack(row.video_size, row.audio_size, row.duration_us, row.flags) for row in rows)


def unpack(packed: bytes, start_us: int, init_size: int) -> Iterator[FragmentRow]:
    """The inverse of `pack`, given where the first fragment starts in time and in the file; raises struct.error."""
    offset = init_size
    for video_size, audio_size, duration_us, flags in _PACKED.iter_unpack(packed):
        yield FragmentRow(start_us, duration_us, offset, video_size, audio_size, flags)
        start_us += duration_us
        offset += video_size + audio_size

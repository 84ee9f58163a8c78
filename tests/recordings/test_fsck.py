from collections.abc import Callable

import pytest

from appliance.recordings.fsck import check
from appliance.recordings.index_reader import Segment
from appliance.recordings.model import RecordingKind
from tests.recordings.conftest import Recorded
from tests.recordings.material import fragment


async def two_segments(recorded: Recorded) -> Segment:
    stream = recorded.writer.stream("cam")
    for number in range(62):
        stream.write(fragment(number), RecordingKind.CONTINUOUS)
    await recorded.until(lambda: len(recorded.published) == 62)
    return recorded.reader.segments("cam")[-1]


async def test_a_volume_being_written_is_in_order(recorded: Recorded) -> None:
    await two_segments(recorded)
    assert check(recorded.volume, deep=True) == []


def remove(segment: Segment) -> None:
    segment.path.unlink()


def cut(segment: Segment) -> None:
    with segment.path.open("r+b") as file:
        file.truncate(segment.bytes - 1)


def lengthen(segment: Segment) -> None:
    with segment.path.open("ab") as file:
        file.write(b"x")


def overwrite(segment: Segment) -> None:
    with segment.path.open("r+b") as file:
        file.seek(segment.init_size)
        file.write(bytes(64))


def add_a_file(segment: Segment) -> None:
    segment.path.with_name("1.mp4").write_bytes(b"x")


@pytest.mark.parametrize(
    ("harm", "code"),
    [
        (remove, "file-missing"),
        (cut, "file-size"),
        (lengthen, "file-size"),
        (overwrite, "content"),
        (add_a_file, "file-without-row"),
    ],
)
async def test_harm_is_found_and_nothing_is_touched(
    recorded: Recorded, harm: Callable[[Segment], None], code: str
) -> None:
    segment = await two_segments(recorded)
    harm(segment)
    files = sorted(recorded.volume.segments.rglob("*.mp4"))
    assert [finding.code for finding in check(recorded.volume, deep=True)] == [code]
    assert sorted(recorded.volume.segments.rglob("*.mp4")) == files

"""A picture of the disk taken while recording goes on is what a power cut leaves; it may be cut anywhere further on."""

import shutil
from pathlib import Path

import pytest

from appliance.core.clock import SystemClock
from appliance.recordings.fsck import check
from appliance.recordings.model import RecordingKind
from appliance.recordings.reader import RecordingReader
from appliance.recordings.writer import RecordingWriter
from appliance.volumes.volume import Volume
from tests.recordings.conftest import Recorded
from tests.recordings.material import SECOND, START_US, fragment


async def crashed(recorded: Recorded, image: Path, seconds: int) -> Path:
    """Record, copy the volume as it is; return the copy's open segment."""
    stream = recorded.writer.stream("cam")
    for number in range(seconds):
        stream.write(fragment(number, audio=True, damaged=number == 1), RecordingKind.MANUAL)
    await recorded.until(lambda: len(recorded.published) == seconds)
    shutil.copytree(recorded.volume.root, image)
    (segment,) = image.rglob("*.mp4")
    return segment


def recover(image: Path) -> tuple[RecordingWriter, RecordingReader]:
    volume = Volume.open(image)
    return RecordingWriter(volume, "ingest-0", SystemClock()), RecordingReader([volume])


def restart(writer: RecordingWriter) -> None:
    writer.start()
    assert writer.stop()


def unindexed(image: Path, count: int) -> None:
    """Take the last rows back, as if the crash came after the sync and before the commit."""
    import apsw

    with apsw.Connection(str(image / "index" / "ingest-0.db")) as db:
        db.execute(
            "DELETE FROM fragment WHERE offset IN (SELECT offset FROM fragment ORDER BY offset DESC LIMIT ?)", (count,)
        )
        db.execute(
            "UPDATE segment SET (end_us, bytes) = (SELECT max(start_us + duration_us),"
            " max(offset + video_size + audio_size) FROM fragment)"
        )
        db.execute("UPDATE span SET end_us = (SELECT end_us FROM segment)")


async def test_whole_fragments_behind_the_last_row_are_found(recorded: Recorded, tmp_path: Path) -> None:
    await crashed(recorded, tmp_path / "image", 5)
    unindexed(tmp_path / "image", 2)
    writer, reader = recover(tmp_path / "image")
    report = writer.start()
    assert (report.segments, report.fragments, report.torn_bytes) == (1, 2, 0)
    assert writer.covered_to("cam") == START_US + 5 * SECOND
    assert writer.stop()
    expected = list(recorded.reader.fragments("cam", 0))
    found = list(reader.fragments("cam", 0))
    assert [(f.start_us, f.end_us, f.offset, f.video_size, f.audio_size, f.key, f.damaged) for f in found] == [
        (f.start_us, f.end_us, f.offset, f.video_size, f.audio_size, f.key, f.damaged) for f in expected
    ]
    assert {span.kinds for span in reader.spans("cam", 0, START_US * 2)} == {RecordingKind.MANUAL}
    reader.close()


@pytest.mark.parametrize("lost", [1, 100, 2000, 8300, 8400, 9000, 12_000])
async def test_a_torn_tail_is_cut_off_and_what_was_published_stays(
    recorded: Recorded, tmp_path: Path, lost: int
) -> None:
    segment = await crashed(recorded, tmp_path / "image", 5)
    unindexed(tmp_path / "image", 2)
    with segment.open("r+b") as file:
        file.truncate(segment.stat().st_size - lost)
    writer, reader = recover(tmp_path / "image")
    restart(writer)
    found = list(reader.fragments("cam", 0))
    assert 3 <= len(found) <= 5
    assert found[-1].offset + found[-1].video_size + found[-1].audio_size == segment.stat().st_size
    assert check(Volume.open(tmp_path / "image"), deep=True) == []
    reader.close()


async def test_zeros_behind_the_data_are_cut_off(recorded: Recorded, tmp_path: Path) -> None:
    segment = await crashed(recorded, tmp_path / "image", 3)
    with segment.open("ab") as file:
        file.write(bytes(5000))
    writer, reader = recover(tmp_path / "image")
    assert writer.start().torn_bytes == 5000
    assert writer.stop()
    assert len(list(reader.fragments("cam", 0))) == 3
    reader.close()


async def test_recovering_twice_changes_nothing(recorded: Recorded, tmp_path: Path) -> None:
    await crashed(recorded, tmp_path / "image", 3)
    writer, reader = recover(tmp_path / "image")
    restart(writer)
    before = list(reader.fragments("cam", 0))
    again, _ = recover(tmp_path / "image")
    assert again.start().segments == 0
    assert again.stop()
    assert list(reader.fragments("cam", 0)) == before
    reader.close()


async def test_an_open_segment_whose_file_is_gone_is_reported(recorded: Recorded, tmp_path: Path) -> None:
    segment = await crashed(recorded, tmp_path / "image", 3)
    segment.unlink()
    writer, reader = recover(tmp_path / "image")
    assert writer.start().missing == (str(segment.relative_to(tmp_path / "image")),)
    assert writer.stop()
    reader.close()


async def test_a_file_the_disk_does_not_give_back_stops_nobody(recorded: Recorded, tmp_path: Path) -> None:
    """A folder in its place: open(2) fails with EISDIR, as a broken inode would with EIO."""
    segment = await crashed(recorded, tmp_path / "image", 3)
    segment.unlink()
    segment.mkdir()
    writer, reader = recover(tmp_path / "image")
    assert writer.start().missing == (str(segment.relative_to(tmp_path / "image")),)
    assert writer.stop()
    assert reader.latest_us("cam") == START_US + 3 * SECOND
    reader.close()


@pytest.mark.parametrize("path", ["../precious", "segments/../../precious", "/precious"])
async def test_an_index_cannot_name_files_outside_of_its_volume(recorded: Recorded, tmp_path: Path, path: str) -> None:
    """A disk may have been written to in another machine."""
    import apsw

    image, precious = tmp_path / "image", tmp_path / "precious"
    await crashed(recorded, image, 3)
    precious.write_bytes(b"x" * 100)
    name = path if path[0] != "/" else str(precious)
    for state in ("open", "deleting"):
        with apsw.Connection(str(image / "index" / "ingest-0.db")) as db:
            db.execute("UPDATE segment SET path = ?, state = ?", (name, state))
        writer, reader = recover(image)
        restart(writer)
        assert precious.read_bytes() == b"x" * 100
        if state == "open":
            with pytest.raises(PermissionError, match="outside"):
                reader.segments(limit=10)

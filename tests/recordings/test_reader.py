from zoneinfo import ZoneInfo

from appliance.core.clock import from_rfc3339
from appliance.recordings.model import GapCause, RecordingKind
from tests.recordings.conftest import Recorded
from tests.recordings.material import SECOND, START_US, fragment

CONTINUOUS = RecordingKind.CONTINUOUS


async def record(recorded: Recorded, seconds: list[int], start_us: int = START_US) -> None:
    stream = recorded.writer.stream("cam")
    before = len(recorded.published)
    for number in seconds:
        stream.write(fragment(number, start_us=start_us), CONTINUOUS)
    await recorded.until(lambda: len(recorded.published) == before + len(seconds))


async def test_spans_are_clipped_to_what_was_asked(recorded: Recorded) -> None:
    await record(recorded, [0, 1, 2, 3])
    (span,) = recorded.reader.spans("cam", START_US + SECOND, START_US + 2 * SECOND)
    assert (span.start_us, span.end_us) == (START_US + SECOND, START_US + 2 * SECOND)
    assert recorded.reader.spans("cam", START_US + 4 * SECOND, START_US + 9 * SECOND) == []


async def test_percent_counts_what_was_to_be_recorded(recorded: Recorded) -> None:
    await record(recorded, [0, 1, 2])
    stream = recorded.writer.stream("cam")
    stream.gap(START_US + 3 * SECOND, START_US + 4 * SECOND, GapCause.CAMERA)
    stream.gap(START_US + 4 * SECOND, START_US + 9 * SECOND, GapCause.SCHEDULE)
    await record(recorded, [9])
    assert recorded.reader.recorded_percent("cam", 0, START_US * 2) == 80.0
    assert recorded.reader.recorded_percent("cam", 0, START_US) is None


async def test_days_are_those_of_the_viewer(recorded: Recorded) -> None:
    await record(recorded, [0, 1], start_us=from_rfc3339("2026-11-24T23:30:00Z"))
    assert recorded.reader.days("cam", ZoneInfo("UTC")) == ["2026-11-24"]
    assert recorded.reader.days("cam", ZoneInfo("Europe/Paris")) == ["2026-11-25"]


async def test_a_day_changes_within_a_recording(recorded: Recorded) -> None:
    await record(recorded, [0, 1], start_us=from_rfc3339("2026-11-24T23:59:59Z"))
    assert recorded.reader.days("cam", ZoneInfo("UTC")) == ["2026-11-24", "2026-11-25"]


async def test_segments_come_newest_first_page_by_page(recorded: Recorded) -> None:
    await record(recorded, [0, 10, 20, 30, 40])
    first = recorded.reader.segments(limit=2)
    second = recorded.reader.segments(limit=2, before_us=first[-1].start_us)
    assert [(s.start_us - START_US) // SECOND for s in first + second] == [40, 30, 20, 10]


async def test_fragments_begin_with_the_key_they_need(recorded: Recorded) -> None:
    stream = recorded.writer.stream("cam")
    for number in range(6):
        stream.write(fragment(number, key=number % 3 == 0), CONTINUOUS)
    await recorded.until(lambda: len(recorded.published) == 6)
    at_us = START_US + 5 * SECOND + 1
    assert [(f.start_us - START_US) // SECOND for f in recorded.reader.fragments("cam", at_us)] == [3, 4, 5]
    assert [f.start_us for f in recorded.reader.fragments("cam", at_us, from_key=False)] == [START_US + 5 * SECOND]


async def test_reading_goes_on_into_what_is_recorded_meanwhile(recorded: Recorded) -> None:
    await record(recorded, [0])
    fragments = recorded.reader.fragments("cam", START_US)
    assert next(fragments).start_us == START_US
    await record(recorded, [1])
    assert next(fragments).start_us == START_US + SECOND
    assert next(fragments, None) is None


async def test_many_segments_come_in_order_across_pages(recorded: Recorded) -> None:
    seconds = list(range(0, 300, 2))
    await record(recorded, seconds)
    found = [(f.start_us - START_US) // SECOND for f in recorded.reader.fragments("cam", 0)]
    assert found == seconds


async def test_the_nearest_recordings_around_a_hole(recorded: Recorded) -> None:
    await record(recorded, [0, 10])
    assert recorded.reader.nearest("cam", START_US + 5 * SECOND) == (START_US + SECOND, START_US + 10 * SECOND)
    assert recorded.reader.latest_us("cam") == START_US + 11 * SECOND
    assert recorded.reader.latest_us("other") is None

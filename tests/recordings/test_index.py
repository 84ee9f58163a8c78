"""The ledger's promise: whatever is written, missed and marked, spans and gaps share out time without overlap."""

import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.core.errors import ProblemError
from appliance.recordings.coverage import subtract, union
from appliance.recordings.index import IndexWriter
from appliance.recordings.index_reader import IndexReader
from appliance.recordings.layout import Formats
from appliance.recordings.model import GapCause, RecordingKind
from appliance.recordings.schema import FragmentRow, pack, unpack
from tests.recordings.material import H264

MEDIA = Formats(H264).to_json()
CONTINUOUS, MANUAL = RecordingKind.CONTINUOUS, RecordingKind.MANUAL
CAMERA, DISK, RESTART = GapCause.CAMERA, GapCause.DISK, GapCause.RESTART

write = st.tuples(st.just("write"), st.integers(-9, 6), st.integers(1, 5), st.sampled_from([CONTINUOUS, MANUAL]))
miss = st.tuples(st.just("miss"), st.integers(-8, 8), st.integers(1, 9), st.sampled_from([CAMERA, DISK, RESTART]))
mark = st.tuples(st.just("mark"), st.integers(-12, 2), st.integers(1, 12), st.just(MANUAL))


class Ledger:
    """An index of one camera with one endless segment."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "test.db"
        self.index = IndexWriter(self.path)
        self.reader = IndexReader(self.path)
        self.segment = self.index.add_segment("cam", 0, "one.mp4", formats=MEDIA, init_size=0, kinds=CONTINUOUS)
        self.offset = 0

    def write(self, start_us: int, duration_us: int, kinds: RecordingKind = CONTINUOUS) -> None:
        with self.index.transaction():
            row = FragmentRow(start_us, duration_us, self.offset, 1, 0, 1)
            self.index.add_fragment(self.segment, "cam", row, kinds)
        self.offset += 1

    def miss(self, start_us: int, end_us: int, cause: GapCause) -> None:
        with self.index.transaction():
            self.index.add_gap("cam", start_us, end_us, cause)

    def mark(self, start_us: int, end_us: int) -> None:
        with self.index.transaction():
            self.index.mark("cam", start_us, end_us, MANUAL)

    def spans(self) -> list[tuple[int, int, int]]:
        query = "SELECT start_us, end_us, kinds FROM span ORDER BY start_us"
        return self.reader.rows(query, (), tuple[int, int, int])

    def gaps(self) -> list[tuple[int, int, str]]:
        query = "SELECT start_us, end_us, cause FROM gap ORDER BY start_us"
        return self.reader.rows(query, (), tuple[int, int, str])

    def close(self) -> None:
        self.reader.close()
        self.index.close()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    made = Ledger(tmp_path)
    yield made
    made.close()


def test_a_stream_is_one_span_drawn_out_in_place(ledger: Ledger) -> None:
    for at_us in range(0, 100, 10):
        ledger.write(at_us, 10)
    assert ledger.spans() == [(0, 100, 1)]
    assert ledger.gaps() == []


def test_an_interval_nobody_explained_is_laid_to_the_camera(ledger: Ledger) -> None:
    ledger.write(0, 10)
    ledger.write(15, 10)
    assert ledger.gaps() == [(10, 15, "camera")]


def test_a_known_cause_stays(ledger: Ledger) -> None:
    ledger.write(0, 10)
    ledger.miss(10, 30, RESTART)
    ledger.write(30, 10)
    assert ledger.gaps() == [(10, 30, "restart")]


def test_a_gap_that_goes_on_is_one_row(ledger: Ledger) -> None:
    ledger.write(0, 10)
    for at_us in range(10, 50, 10):
        ledger.miss(at_us, at_us + 10, CAMERA)
    assert ledger.gaps() == [(10, 50, "camera")]


def test_what_is_recorded_after_all_is_no_gap(ledger: Ledger) -> None:
    ledger.write(0, 10)
    ledger.miss(10, 40, GapCause.SCHEDULE)
    ledger.write(20, 10)
    assert ledger.gaps() == [(10, 20, "schedule"), (30, 40, "schedule")]


def test_loss_lies_upon_what_is_recorded(ledger: Ledger) -> None:
    ledger.write(0, 10)
    ledger.miss(4, 10, GapCause.LOSS)
    ledger.write(10, 10)
    assert ledger.spans() == [(0, 20, 1)]
    assert ledger.gaps() == [(4, 10, "loss")]


def test_marking_splits_spans_and_recording_goes_on_with_the_new_kinds(ledger: Ledger) -> None:
    ledger.write(0, 10)
    ledger.mark(6, 20)
    ledger.write(10, 10, CONTINUOUS | MANUAL)
    assert ledger.spans() == [(0, 6, 1), (6, 20, 3)]


def test_a_clock_that_was_set_back_records_over_itself_without_counting_twice(ledger: Ledger) -> None:
    for at_us in (100, 110, 120, 50, 60, 95, 105, 115, 125, 135):
        ledger.write(at_us, 10)
    assert ledger.spans() == [(50, 70, 1), (95, 100, 1), (100, 145, 1)]
    assert ledger.gaps() == []


def test_a_deleted_segment_leaves_the_time_that_another_one_holds(ledger: Ledger) -> None:
    ledger.write(0, 10)
    second = ledger.index.add_segment("cam", 5, "two.mp4", formats=MEDIA, init_size=0, kinds=CONTINUOUS)
    with ledger.index.transaction():
        ledger.index.add_fragment(second, "cam", FragmentRow(5, 10, 0, 1, 0, 1), CONTINUOUS)
        ledger.index.close_segment(ledger.segment)
        assert ledger.index.mark_deleting(ledger.segment) == "one.mp4"
        ledger.index.drop_segment(ledger.segment)
    assert ledger.spans() == [(5, 15, 1)]


def test_one_writer_at_a_time(ledger: Ledger) -> None:
    with pytest.raises(ProblemError) as caught:
        IndexWriter(ledger.path)
    assert caught.value.code == "database-in-use"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(write, miss, mark), max_size=25))
def test_spans_and_gaps_partition_time(steps: list[tuple[str, int, int, RecordingKind | GapCause]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger(Path(folder))
        written: list[tuple[int, int]] = []
        at_us = 1000
        ledger.write(at_us, 1)
        written.append((at_us, at_us + 1))
        at_us += 1
        for step, offset, size, what in steps:
            start_us = at_us + (max(0, offset) if step == "write" and offset > -7 else offset)  # clocks may be set back
            if isinstance(what, GapCause):
                ledger.miss(start_us, start_us + size, what)
            elif step == "mark":
                ledger.mark(start_us, start_us + size)
            else:
                ledger.write(start_us, size, what)
                written.append((start_us, start_us + size))
                at_us = start_us + size
        spans = [(start, end) for start, end, _ in ledger.spans()]
        gaps = [(start, end) for start, end, _ in ledger.gaps()]
        everything = sorted(spans + gaps)
        assert union(spans) == union(written)
        assert all(one[1] <= other[0] for one, other in pairwise(everything))
        assert subtract((1000, max(end for _, end in written)), everything) == []
        ledger.close()


@given(st.lists(st.tuples(*[st.integers(0, 1 << 31)] * 3, st.integers(0, 3)), max_size=20))
def test_packed_fragments_come_back(values: list[tuple[int, int, int, int]]) -> None:
    rows, at_us, at = [], 5, 7
    for video_size, audio_size, duration_us, flags in values:
        rows.append(FragmentRow(at_us, duration_us, at, video_size, audio_size, flags))
        at_us, at = rows[-1].end_us, rows[-1].end_offset
    assert list(unpack(pack(rows), 5, 7)) == rows

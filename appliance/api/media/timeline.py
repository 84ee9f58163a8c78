"""What is recorded, for the page's timeline: spans and gaps, days, segments."""

from typing import Annotated

import msgspec
from msgspec import Meta

from appliance.api.media.parts import MediaParts
from appliance.api.media.reading import read
from appliance.api.media.times import time_range, time_us, zone_of
from appliance.api.routing import Call
from appliance.core.clock import US_PER_S, to_rfc3339
from appliance.recordings.index_reader import Segment
from appliance.recordings.model import Gap, RecordingKind, Span

LONGEST_US = 400 * 86_400 * US_PER_S
MOST_STEPS = 2000  # spans and gaps shorter than the range's 2000th part become one with their neighbours
EXACT_UP_TO_US = 25 * 3600 * US_PER_S
MOST_SEGMENTS = 1000
TIES = 64


class TimelineQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """RFC 3339."""

    start: str
    end: str


class SpanView(msgspec.Struct, frozen=True, kw_only=True):
    """An uninterrupted stretch of recording, and why it was recorded."""

    start: str
    end: str
    kinds: tuple[str, ...]


class GapView(msgspec.Struct, frozen=True, kw_only=True):
    """An interval that is missing, and why."""

    start: str
    end: str
    cause: str


class TimelineView(msgspec.Struct, frozen=True, kw_only=True):
    """A camera's recordings in a range. recorded_percent: of the time that was to be recorded, if there was any."""

    camera: str
    start: str
    end: str
    spans: tuple[SpanView, ...]
    gaps: tuple[GapView, ...]
    recorded_percent: float | None


class DaysQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """zone: an IANA time zone."""

    zone: Annotated[str, Meta(max_length=64)] = "UTC"


class DaysView(msgspec.Struct, frozen=True, kw_only=True):
    """Days with recordings, in order ("2026-11-24")."""

    days: tuple[str, ...]


class RecordingsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """start, end, after: RFC 3339. after: the `next` of the page before."""

    camera: Annotated[str, Meta(max_length=32)] | None = None
    start: str | None = None
    end: str | None = None
    limit: Annotated[int, Meta(ge=1, le=MOST_SEGMENTS)] = 100
    after: str | None = None


class SegmentView(msgspec.Struct, frozen=True, kw_only=True):
    """A file of recordings. open: it is being written."""

    camera: str
    start: str
    end: str
    bytes: int
    open: bool
    kinds: tuple[str, ...]
    video: str
    audio: str | None


class RecordingsView(msgspec.Struct, frozen=True, kw_only=True):
    """A page of segments, newest first. next: pass it as `after` for the next page; None on the last one."""

    recordings: tuple[SegmentView, ...]
    next: str | None


class Timelines:
    """Serves the routes that tell what is recorded."""

    def __init__(self, parts: MediaParts) -> None:
        self._parts = parts

    async def timeline(self, call: Call) -> TimelineView:
        """GET /api/v1/cameras/{id}/timeline."""
        camera_id = call.params["id"]
        start_us, end_us = time_range(call.query.start, call.query.end, LONGEST_US)
        await self._parts.recorded(camera_id)
        return await read(self._parts.reading, lambda: self._timeline(camera_id, start_us, end_us))

    async def days(self, call: Call) -> DaysView:
        """GET /api/v1/cameras/{id}/days."""
        camera_id, zone = call.params["id"], zone_of(call.query.zone)
        await self._parts.recorded(camera_id)
        days = await read(self._parts.reading, lambda: self._parts.reader().days(camera_id, zone))
        return DaysView(days=tuple(days))

    async def recordings(self, call: Call) -> RecordingsView:
        """GET /api/v1/recordings."""
        query: RecordingsQuery = call.query
        if query.camera is not None:
            await self._parts.recorded(query.camera, "camera")
        start_us = 0 if query.start is None else time_us(query.start, "start")
        ends = [
            time_us(text, field) for text, field in ((query.end, "end"), (query.after, "after")) if text is not None
        ]
        found = await read(
            self._parts.reading,
            lambda: self._parts.reader().segments(
                query.camera, start_us, limit=query.limit + TIES, before_us=min(ends, default=None)
            ),
        )
        page = page_of(found, query.limit)
        following = to_rfc3339(page[-1].start_us) if len(found) > len(page) else None
        return RecordingsView(recordings=tuple(map(_segment_view, page)), next=following)

    def _timeline(self, camera_id: str, start_us: int, end_us: int) -> TimelineView:
        reader = self._parts.reader()
        step_us = 0 if end_us - start_us <= EXACT_UP_TO_US else (end_us - start_us) // MOST_STEPS
        spans = merged_spans(reader.spans(camera_id, start_us, end_us), step_us)
        gaps = merged_gaps(reader.gaps(camera_id, start_us, end_us), step_us)
        percent = reader.recorded_percent(camera_id, start_us, end_us)
        return TimelineView(
            camera=camera_id,
            start=to_rfc3339(start_us),
            end=to_rfc3339(end_us),
            spans=tuple(
                SpanView(start=to_rfc3339(s.start_us), end=to_rfc3339(s.end_us), kinds=_names(s.kinds)) for s in spans
            ),
            gaps=tuple(GapView(start=to_rfc3339(g.start_us), end=to_rfc3339(g.end_us), cause=g.cause) for g in gaps),
            recorded_percent=percent,
        )


def merged_spans(spans: list[Span], step_us: int) -> list[Span]:
    """Spans in order, where those of the same kind that touch are one, and none and no hole is shorter than step_us."""
    merged: list[Span] = []
    for span in spans:
        last = merged[-1] if merged else None
        if last is None or not _joins(last, span, step_us):
            merged.append(span)
        else:
            merged[-1] = Span(span.camera_id, last.start_us, max(last.end_us, span.end_us), last.kinds | span.kinds)
    return merged


def _joins(last: Span, span: Span, step_us: int) -> bool:
    if span.start_us - last.end_us > step_us:
        return False
    short = min(last.end_us - last.start_us, span.end_us - span.start_us) < step_us
    return last.kinds == span.kinds or short


def merged_gaps(gaps: list[Gap], step_us: int) -> list[Gap]:
    """Gaps in order, where those of the same cause that lie closer than step_us (or touch) are one."""
    merged: list[Gap] = []
    newest: dict[str, int] = {}
    for gap in gaps:
        at = newest.get(gap.cause)
        if at is not None and gap.start_us - merged[at].end_us <= step_us:
            last = merged[at]
            merged[at] = Gap(gap.camera_id, last.start_us, max(last.end_us, gap.end_us), gap.cause)
        else:
            newest[gap.cause] = len(merged)
            merged.append(gap)
    return merged


def page_of(found: list[Segment], limit: int) -> list[Segment]:
    """The first `limit` segments, and those that start at the same instant as the last of them."""
    page = found[:limit]
    for segment in found[limit:]:
        if segment.start_us != page[-1].start_us:
            break
        page.append(segment)
    return page


def _segment_view(segment: Segment) -> SegmentView:
    audio = segment.formats.audio
    return SegmentView(
        camera=segment.camera_id,
        start=to_rfc3339(segment.start_us),
        end=to_rfc3339(segment.end_us),
        bytes=segment.bytes,
        open=segment.open,
        kinds=_names(segment.kinds),
        video=segment.formats.video.codec.value,
        audio=None if audio is None else audio.codec.value,
    )


def _names(kinds: RecordingKind) -> tuple[str, ...]:
    return tuple(kind.name.lower() for kind in kinds if kind.name)

from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.api.media.timeline import merged_gaps, merged_spans
from appliance.core.clock import US_PER_S, to_rfc3339
from appliance.recordings.coverage import union
from appliance.recordings.model import Gap, GapCause, RecordingKind, Span
from tests.api.media.recording import Recorder, recording
from tests.media import encoded

T0 = encoded.START_US
DAY_US = 86_400 * US_PER_S


@pytest.fixture
async def recorded(tmp_path: Path) -> AsyncIterator[Recorder]:
    async with recording(tmp_path) as recorder:
        yield recorder


async def test_the_timeline_has_every_span_and_every_gap_with_its_cause(recorded: Recorder) -> None:
    await recorded.record(encoded.h264(50))
    await recorded.gap(T0 + 2 * US_PER_S, T0 + 4 * US_PER_S, GapCause.CAMERA)
    await recorded.record(encoded.h264(50, start_us=T0 + 4 * US_PER_S))
    answer = await recorded.get("timeline", start=T0 - US_PER_S, end=T0 + 10 * US_PER_S)
    found = answer.json
    assert found["camera"] == "cam"
    assert [(s["start"], s["end"], s["kinds"]) for s in found["spans"]] == [
        (to_rfc3339(T0), to_rfc3339(T0 + 2 * US_PER_S), ["continuous"]),
        (to_rfc3339(T0 + 4 * US_PER_S), to_rfc3339(T0 + 6 * US_PER_S), ["continuous"]),
    ]
    assert [(g["start"], g["end"], g["cause"]) for g in found["gaps"]] == [
        (to_rfc3339(T0 + 2 * US_PER_S), to_rfc3339(T0 + 4 * US_PER_S), "camera")
    ]
    assert found["recorded_percent"] == pytest.approx(100 * 4 / 6)


async def test_nothing_recorded_is_an_empty_timeline(recorded: Recorder) -> None:
    found = (await recorded.get("timeline", start=T0, end=T0 + DAY_US)).json
    assert (found["spans"], found["gaps"], found["recorded_percent"]) == ([], [], None)


@pytest.mark.parametrize(
    ("what", "query", "code", "field"),
    [
        ("timeline", {"start": "x", "end": "2026-11-24T11:00:00Z"}, "wrong-time", "start"),
        ("timeline", {"start": "2020-11-24T11:00:00Z", "end": "2026-11-24T11:00:00Z"}, "range-too-long", "end"),
        ("days", {"zone": "Europe/Atlantis"}, "unknown-zone", "zone"),
        ("days", {"zone": "../../etc/passwd"}, "unknown-zone", "zone"),
        ("days", {"zone": ""}, "unknown-zone", "zone"),
        ("days", {"zone": "x" * 200}, "wrong-value", "zone"),
    ],
)
async def test_bad_input_is_told_with_its_field(
    recorded: Recorder, what: str, query: dict[str, str], code: str, field: str
) -> None:
    answer = await recorded.ask(what, query)
    assert (answer.status, answer.code, answer.json["field"]) == (400, code, field)


async def test_days_are_those_of_the_zone(recorded: Recorder) -> None:
    midnight_us = T0 - T0 % DAY_US
    await recorded.record(encoded.h264(25, start_us=midnight_us - 5 * 60 * US_PER_S))
    assert (await recorded.get("days")).json == {"days": ["2026-11-23"]}
    assert (await recorded.get("days", zone="Europe/Paris")).json == {"days": ["2026-11-24"]}


async def test_recordings_are_paged_and_none_is_missed(recorded: Recorder) -> None:
    for number in range(5):
        await recorded.record(encoded.h264(25, start_us=T0 + number * 10 * US_PER_S))
    await recorded.record(encoded.h264(25, start_us=T0 + 20 * US_PER_S), camera="other")
    seen, query = [], "?limit=2"
    for _ in range(10):
        page = (await recorded.site.call("GET", f"/api/v1/recordings{query}", **recorded.headers)).json
        seen += page["recordings"]
        if page["next"] is None:
            break
        query = f"?limit=2&after={page['next']}"
    starts = [found["start"] for found in seen]
    assert starts == sorted(starts, reverse=True)
    assert sorted((found["start"], found["camera"]) for found in seen) == sorted(
        [(to_rfc3339(T0 + number * 10 * US_PER_S), "cam") for number in range(5)]
        + [(to_rfc3339(T0 + 20 * US_PER_S), "other")]
    )
    assert seen[0]["video"] == "h264" and seen[0]["bytes"] > 1000


async def test_recordings_of_an_unknown_camera_are_a_problem(recorded: Recorder) -> None:
    answer = await recorded.site.call("GET", "/api/v1/recordings?camera=nobody", **recorded.headers)
    assert (answer.status, answer.code, answer.json["field"]) == (404, "no-such-camera", "camera")


async def test_what_a_removed_camera_recorded_can_still_be_seen(recorded: Recorder) -> None:
    await recorded.record(encoded.h264(25))
    recorded.site.services.cameras.delete("cam", actor="test")
    assert (await recorded.get("days")).json == {"days": ["2026-11-24"]}
    assert len((await recorded.get("timeline", start=T0, end=T0 + DAY_US)).json["spans"]) == 1
    assert (await recorded.get("media.mp4", start=T0, end=T0 + DAY_US)).status == 200
    assert (await recorded.get("snapshot.jpg", time=T0)).status == 200
    assert (await recorded.get("snapshot.jpg")).code == "no-such-camera"


LENGTHS = st.lists(st.tuples(st.integers(0, 50), st.integers(1, 50), st.sampled_from([1, 2, 3])), max_size=40)


def spans_of(lengths: list[tuple[int, int, int]]) -> list[Span]:
    at, spans = 0, []
    for hole, length, kinds in lengths:
        spans.append(Span("cam", at + hole, at + hole + length, RecordingKind(kinds)))
        at += hole + length
    return spans


@given(LENGTHS)
def test_without_a_step_nothing_is_rounded(lengths: list[tuple[int, int, int]]) -> None:
    spans = spans_of(lengths)
    merged = merged_spans(spans, 0)
    assert union((s.start_us, s.end_us) for s in merged) == union((s.start_us, s.end_us) for s in spans)
    assert all(not (a.end_us == b.start_us and a.kinds == b.kinds) for a, b in pairwise(merged))


@given(LENGTHS, st.integers(1, 100))
def test_a_long_range_stays_small_and_no_recording_disappears(lengths: list[tuple[int, int, int]], step: int) -> None:
    spans = spans_of(lengths)
    merged = merged_spans(spans, step)
    assert all(any(m.start_us <= s.start_us and s.end_us <= m.end_us for m in merged) for s in spans)
    assert all(any(s.kinds & m.kinds for m in merged if m.start_us <= s.start_us < m.end_us) for s in spans)
    if spans:
        assert len(merged) <= 2 * (spans[-1].end_us - spans[0].start_us) // step + 2


@given(LENGTHS, st.integers(0, 100))
def test_no_gap_disappears(lengths: list[tuple[int, int, int]], step: int) -> None:
    causes = (GapCause.CAMERA, GapCause.DISK, GapCause.RESTART)
    gaps = [Gap("cam", s.start_us, s.end_us, causes[s.kinds - 1]) for s in spans_of(lengths)]
    merged = merged_gaps(gaps, step)
    for gap in gaps:
        assert any(m.start_us <= gap.start_us and gap.end_us <= m.end_us and m.cause == gap.cause for m in merged)
    if gaps:
        assert len(merged) <= len(causes) * ((gaps[-1].end_us - gaps[0].start_us) // max(1, step) + 1)

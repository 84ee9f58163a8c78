import io
from collections.abc import AsyncIterator
from pathlib import Path

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.api.media.byte_ranges import UnsatisfiableError, wanted
from appliance.api.media.file_name import content_disposition, file_name
from appliance.core.clock import US_PER_S
from appliance.media.model import VideoUnit
from tests.api.media.recording import Recorder, recording
from tests.hwtests.camera.watching import ffprobe
from tests.media import encoded

T0 = encoded.START_US


@pytest.fixture
async def recorded(tmp_path: Path) -> AsyncIterator[Recorder]:
    async with recording(tmp_path) as recorder:
        yield recorder


async def test_a_range_is_one_file_with_its_frames_and_its_sound(recorded: Recorder, tmp_path: Path) -> None:
    await recorded.record(encoded.h264(250), encoded.pcmu(10.0))
    answer = await recorded.get("media.mp4", start=T0 + 2_500_000, end=T0 + 7_000_000)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "video/mp4")
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    with av.open(io.BytesIO(answer.content), "r") as container:
        assert len(list(container.decode(video=0))) == 125
    file = tmp_path / "range.mp4"
    file.write_bytes(answer.content)
    assert {stream["codec_name"] for stream in await ffprobe(str(file))} == {"h264", "aac"}


async def test_every_byte_range_is_that_part_of_the_whole(recorded: Recorder) -> None:
    await recorded.record(encoded.h264(100, gop=10), encoded.aac(4.0))
    whole = await recorded.get("media.mp4", start=T0, end=T0 + 4 * US_PER_S)
    data, size = whole.content, len(whole.content)
    assert whole.headers["Accept-Ranges"] == "bytes"
    for header, first, end in [
        ("bytes=0-0", 0, 1),
        ("bytes=0-", 0, size),
        (f"bytes=1000-{size + 5000}", 1000, size),
        ("bytes=700-1699", 700, 1700),
        ("bytes=-500", size - 500, size),
        (f"bytes=-{size * 2}", 0, size),
        (f"bytes={size - 1}-", size - 1, size),
    ]:
        part = await recorded.ask("media.mp4", {"start": T0, "end": T0 + 4 * US_PER_S}, headers={"Range": header})
        assert part.status == 206, header
        assert part.content == data[first:end], header
        assert part.headers["Content-Range"] == f"bytes {first}-{end - 1}/{size}"
        assert part.headers["ETag"] == whole.headers["ETag"]


async def test_a_range_behind_the_end_is_refused_with_the_size(recorded: Recorder) -> None:
    await recorded.record(encoded.h264(50))
    whole = await recorded.get("media.mp4", start=T0, end=T0 + US_PER_S)
    for header in (f"bytes={len(whole.content)}-", "bytes=-0"):
        answer = await recorded.ask("media.mp4", {"start": T0, "end": T0 + US_PER_S}, headers={"Range": header})
        assert (answer.status, answer.code) == (416, "range-not-satisfiable")
        assert answer.headers["Content-Range"] == f"bytes */{len(whole.content)}"


async def test_conditions_are_heeded(recorded: Recorder) -> None:
    await recorded.record(encoded.h264(50))
    query = {"start": T0, "end": T0 + US_PER_S}
    whole = await recorded.ask("media.mp4", query)
    etag = whole.headers["ETag"]
    part = {"Range": "bytes=0-9"}
    assert (await recorded.ask("media.mp4", query, headers={**part, "If-Range": etag})).status == 206
    for changed in ('"other"', f"W/{etag}", "Wed, 25 Nov 2026 10:00:00 GMT"):
        answer = await recorded.ask("media.mp4", query, headers={**part, "If-Range": changed})
        assert (answer.status, answer.content) == (200, whole.content)
    assert (await recorded.ask("media.mp4", query, headers={"If-None-Match": etag})).status == 304


async def test_head_says_what_get_would_send(recorded: Recorder) -> None:
    await recorded.record(encoded.h264(50))
    whole = await recorded.get("media.mp4", start=T0, end=T0 + US_PER_S)
    head = await recorded.ask("media.mp4", {"start": T0, "end": T0 + US_PER_S}, "HEAD")
    assert (head.status, head.content) == (200, b"")
    assert head.headers["Content-Length"] == whole.headers["Content-Length"]


async def test_a_download_has_a_name_that_says_camera_and_time(recorded: Recorder) -> None:
    await recorded.record(encoded.h264(50))
    answer = await recorded.get("media.mp4", start=T0, end=T0 + US_PER_S, download="true")
    assert answer.headers["Content-Disposition"] == (
        'attachment; filename="Entrance north 2026-11-24 12-31-05Z.mp4"; '
        "filename*=UTF-8''%C3%89ntrance%20north%202026-11-24%2012-31-05Z.mp4"
    )


@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ({"start": "2026-11-24T10:00:00", "end": "2026-11-24T11:00:00Z"}, "wrong-time", "start"),
        ({"start": "2026-11-24T10:00:00Z", "end": "yesterday"}, "wrong-time", "end"),
        ({"start": "2026-11-24T10:00:00Z", "end": "2026-11-24T10:00:00Z"}, "empty-range", "end"),
        ({"start": "2026-11-24T10:00:00Z", "end": "2026-11-26T10:00:00Z"}, "range-too-long", "end"),
        ({"start": "2026-11-24T10:00:00Z", "end": "2026-11-24T11:00:00Z"}, "no-video-in-range", None),
        ({"start": "2026-11-24T10:00:00Z"}, "missing-field", "end"),
        ({"start": "2026-11-24T10:00:00Z", "end": "2026-11-24T11:00:00Z", "speed": "2"}, "unknown-field", "speed"),
        ({"start": "0000-11-24T10:00:00Z", "end": "9999-11-24T11:00:00Z"}, "wrong-time", "start"),
    ],
)
async def test_bad_input_is_told_with_its_field(
    recorded: Recorder, query: dict[str, str], code: str, field: str | None
) -> None:
    answer = await recorded.ask("media.mp4", query)
    assert answer.code == code
    assert answer.json.get("field") == field


async def test_what_was_deleted_since_it_was_planned_is_not_found(recorded: Recorder) -> None:
    await recorded.record(encoded.h264(50))
    assert (await recorded.get("media.mp4", start=T0, end=T0 + US_PER_S)).status == 200
    for segment in recorded.site.services.reader.segments("cam"):
        segment.path.unlink()
    answer = await recorded.ask("media.mp4", {"start": T0, "end": T0 + US_PER_S}, headers={"Range": "bytes=3000-"})
    assert (answer.status, answer.code) == (404, "recording-gone")


async def test_a_client_that_goes_away_ends_the_work_and_harms_nobody(recorded: Recorder) -> None:
    fmt, _ = encoded.h264(1)
    big = [VideoUnit(T0 + number * 40_000, bytes(200_000), number % 25 == 0) for number in range(300)]
    await recorded.record((fmt, big))
    path = "/api/v1/cameras/cam/media.mp4?start=2026-11-24T12:31:05Z&end=2026-11-24T12:32:05Z"
    for _ in range(3):
        async with recorded.site.client.get(recorded.site.url(path), headers=recorded.headers) as response:
            assert int(response.headers["Content-Length"]) > 50_000_000
            await response.content.readexactly(100)
            response.close()
    answer = await recorded.ask(
        "media.mp4", {"start": T0, "end": T0 + US_PER_S}, headers={"Range": "bytes=4000000-4000099"}
    )
    assert (answer.status, len(answer.content)) == (206, 100)


@given(st.integers(0, 300), st.text("0123456789-, =bytes", max_size=20).map(lambda text: "bytes=" + text))
def test_any_range_header_is_whole_a_part_or_unsatisfiable(size: int, header: str) -> None:
    try:
        found = wanted({"Range": header}, size, '"x"')
    except UnsatisfiableError:
        return
    assert 0 <= found.first <= found.end <= size
    assert found.whole or found.length > 0


@given(st.text(max_size=200))
def test_any_camera_name_gives_a_file_name_that_is_safe_in_a_header(name: str) -> None:
    found = file_name(name, T0, "mp4")
    assert found.endswith("Z.mp4") and not set(found) & set('/\\:*?"<>|\r\n\0')
    assert content_disposition(found).isascii()
    assert content_disposition(found).count('"') == 2

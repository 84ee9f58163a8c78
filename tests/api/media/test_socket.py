import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.api.media.messages import Close, Live, More, Play, channel_of, parse_request
from appliance.api.media.socket import MOST_CHANNELS
from appliance.core.errors import ProblemError
from appliance.recordings.reader import RecordingReader
from tests.api.media.site import Site, stream
from tests.media import encoded

LIVE = {"op": "live", "channel": 1, "camera": "front", "codecs": ["avc1"], "audio": True}
PLAY = {"op": "play", "channel": 2, "camera": "front", "from": "2026-11-24T13:00:00Z", "codecs": [], "credit": 4}


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with Site(tmp_path, ["front"], RecordingReader(())) as site:
        stream(site.live["front"], encoded.h264(25))
        yield site


@pytest.mark.parametrize(
    ("message", "channel", "field"),
    [
        ("{", None, None),
        ("7", None, None),
        ('"' + "x" * 10_000 + '"', None, None),
        ("[" * 5000, None, None),
        ({"op": "record", "channel": 3}, 3, "op"),
        ({"channel": 3}, 3, "op"),
        ({**LIVE, "speed": 2}, 1, "speed"),
        ({**LIVE, "channel": 65_536}, None, "channel"),
        ({**LIVE, "channel": -1}, None, "channel"),
        ({**LIVE, "channel": "1"}, None, "channel"),
        ({**LIVE, "codecs": ["x"] * 33}, 1, "codecs"),
        ({**LIVE, "camera": "x" * 10_000}, 1, "camera"),
        ({**LIVE, "camera": "nowhere"}, 1, "camera"),
        ({**PLAY, "credit": 0}, 2, "credit"),
        ({**PLAY, "credit": 65}, 2, "credit"),
        ({"op": "play", "channel": 2, "camera": "front", "codecs": []}, 2, "from"),
        ({"op": "more", "channel": 1}, 1, "credit"),
    ],
)
async def test_what_is_no_request_is_refused_with_field_and_remedy_and_the_socket_goes_on(
    site: Site, message: Any, channel: int | None, field: str | None
) -> None:
    async with site.media() as watching:
        await watching.socket.send_str(message if isinstance(message, str) else json.dumps(message))
        error = await watching.until_said("error")
        assert error["channel"] == channel
        assert error["problem"].get("field") == field
        assert error["problem"]["title"] and error["problem"]["remedy"]
        await watching.live("front", channel=9)
        await watching.until(lambda: len(watching.media(channel=9)) == 25)


async def test_a_channel_in_use_is_not_opened_twice(site: Site) -> None:
    async with site.media() as watching:
        await watching.live("front")
        await watching.until(lambda: len(watching.media()) == 25)
        await watching.live("front")
        error = await watching.until_said("error")
        assert (error["channel"], error["problem"]["code"]) == (1, "channel-in-use")
        await watching.live("front")
        await watching.until(lambda: len(watching.media()) == 50)


async def test_a_socket_has_room_for_many_channels_but_not_for_any_number(site: Site) -> None:
    async with site.media() as watching:
        for number in range(MOST_CHANNELS + 1):
            await watching.live("front", channel=number)
        error = await watching.until_said("error")
        assert (error["channel"], error["problem"]["code"]) == (MOST_CHANNELS, "too-many-channels")
        await watching.until(lambda: len(watching.media()) == 25 * MOST_CHANNELS)
        assert len(site.live["front"].viewers) == 1


async def test_credit_is_for_playback_alone_and_late_messages_for_closed_channels_are_no_error(site: Site) -> None:
    async with site.media() as watching:
        await watching.send(op="more", channel=5, credit=1)
        await watching.send(op="close", channel=5)
        await watching.live("front")
        await watching.until_said("opened")
        await watching.send(op="more", channel=1, credit=1)
        assert (await watching.until_said("error"))["problem"]["code"] == "not-a-playback"


async def test_binary_messages_and_endless_ones_close_the_socket(site: Site) -> None:
    async with site.media() as watching:
        await watching.socket.send_bytes(b"\0" * 16)
        assert (await watching.socket.receive(timeout=10)).data == 1003
    async with site.media() as watching:
        await watching.socket.send_str("x" * 100_000)
        assert (await watching.socket.receive(timeout=10)).data == 1009


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=6),
    max_leaves=12,
)
NEARLY = st.fixed_dictionaries(
    {},
    optional={
        "op": st.sampled_from(["live", "play", "more", "close"]) | JSON,
        "channel": st.integers(-1, 70_000) | JSON,
        "camera": st.text(max_size=40) | JSON,
        "from": st.text(max_size=30) | JSON,
        "codecs": st.lists(st.text(max_size=10), max_size=40) | JSON,
        "audio": st.booleans() | JSON,
        "credit": st.integers(-2, 100) | JSON,
        "other": JSON,
    },
)


@given(JSON | NEARLY)
def test_any_json_is_a_request_or_a_problem(value: Any) -> None:
    text = json.dumps(value)
    try:
        found = parse_request(text)
    except ProblemError as problem:
        assert problem.status == 400 and problem.remedy
        assert channel_of(text) is None or 0 <= value["channel"] <= 65_535
    else:
        assert isinstance(found, Live | Play | More | Close)
        assert found.channel == value["channel"] == channel_of(text)
        assert set(value) <= {"op", "channel", "camera", "from", "codecs", "audio", "credit"}


@given(st.text(max_size=100))
def test_any_text_is_a_problem_or_json(text: str) -> None:
    try:
        parse_request(text)
    except ProblemError:
        channel_of(text)

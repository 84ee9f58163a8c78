"""Downloads from a real HTTPS server: whole, interrupted, resumed, wrong, and from whom nobody knows."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import web

from appliance.core.errors import ProblemError
from appliance.updates.download import Downloader
from appliance.updates.files import UpdateFiles
from appliance.updates.index import bundle_address, index_address
from tests.updates.source import Origin, offering

CONTENT = bytes(range(256)) * 4000


@dataclass
class Client:
    """Downloads what an origin offers."""

    origin: Origin
    files: UpdateFiles
    downloader: Downloader

    async def fetch(self) -> bytes:
        address = index_address(self.origin.url)
        index = await self.downloader.index(address)
        path = await self.downloader.bundle(bundle_address(address, index), index, self.files, self.percents.append)
        return path.read_bytes()

    def __post_init__(self) -> None:
        self.percents: list[int] = []

    async def refusal(self) -> ProblemError:
        with pytest.raises(ProblemError) as caught:
            await self.fetch()
        assert caught.value.remedy
        return caught.value


@pytest.fixture(name="client")
async def client_fixture(tmp_path: Path) -> AsyncIterator[Client]:
    async with offering(tmp_path / "origin") as origin:
        origin.offer(CONTENT)
        files = UpdateFiles(tmp_path / "updates")
        files.prepare()
        yield Client(origin, files, Downloader(origin.trust))


async def test_the_whole_bundle(client: Client) -> None:
    assert await client.fetch() == CONTENT
    assert client.percents[-1] == 100
    assert client.percents == sorted(set(client.percents))


async def test_an_interrupted_download_goes_on_where_it_was(client: Client) -> None:
    client.origin.cut_at = 700_000
    assert (await client.refusal()).code == "source-unreachable"
    assert 0 < client.files.part.stat().st_size <= 700_000
    have = client.files.part.stat().st_size
    assert await client.fetch() == CONTENT
    assert client.origin.ranges == [None, f"bytes={have}-"]


async def test_a_server_without_ranges_sends_it_anew(client: Client) -> None:
    client.origin.cut_at, client.origin.understands_ranges = 300_000, False
    await client.refusal()
    assert await client.fetch() == CONTENT


async def test_another_version_in_the_meantime_is_begun_anew(client: Client) -> None:
    client.origin.cut_at = 300_000
    await client.refusal()
    client.origin.offer(CONTENT[::-1], "1.4.0")
    assert await client.fetch() == CONTENT[::-1]
    assert client.origin.ranges == [None, None]


async def test_a_whole_download_is_not_fetched_again(client: Client) -> None:
    await client.fetch()
    assert await client.fetch() == CONTENT
    assert len(client.origin.ranges) == 1


async def test_a_partial_file_that_is_damaged_costs_one_more_try(client: Client) -> None:
    client.origin.cut_at = 300_000
    await client.refusal()
    have = client.files.part.stat().st_size
    client.files.part.write_bytes(bytes(have))
    assert (await client.refusal()).code == "bundle-tampered"
    assert await client.fetch() == CONTENT


async def test_other_bytes_than_the_index_promised(client: Client) -> None:
    client.origin.content = CONTENT[:-1] + b"\0"
    assert (await client.refusal()).code == "bundle-tampered"
    assert not client.files.part.exists()


async def test_more_bytes_than_the_index_promised(client: Client) -> None:
    client.origin.content = CONTENT + b"more"
    assert (await client.refusal()).code == "source-malformed"


async def test_fewer_bytes_than_the_index_promised(client: Client) -> None:
    client.origin.content = CONTENT[:1000]
    assert (await client.refusal()).code == "source-unreachable"


async def test_a_server_that_nobody_vouches_for(client: Client) -> None:
    client.downloader = Downloader()
    problem = await client.refusal()
    assert (problem.code, "certificate" in problem.title) == ("source-unreachable", True)
    assert client.origin.ranges == []


async def test_nobody_there(client: Client) -> None:
    client.origin.port = 1
    assert (await client.refusal()).title.endswith("no connection")


async def test_no_such_name(client: Client) -> None:
    with pytest.raises(ProblemError, match="source-unreachable"):
        await client.downloader.index("https://nobody.invalid/index.json")


@pytest.mark.parametrize(
    ("response", "code"),
    [
        (lambda: web.Response(status=404), "source-unreachable"),
        (lambda: web.Response(body=b"<html>"), "source-malformed"),
        (lambda: web.Response(body=b"[" * 100_000), "source-malformed"),
        (lambda: web.Response(status=302, headers={"Location": "http://localhost:1/index.json"}), "source-unreachable"),
        (lambda: web.Response(status=302, headers={"Location": "/again/index.json"}), "source-unreachable"),
    ],
)
async def test_an_index_that_is_none(client: Client, response: "type[web.Response]", code: str) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        return response()

    client.origin.answer = answer
    assert (await client.refusal()).code == code


async def test_a_bundle_that_cannot_fit(client: Client) -> None:
    client.origin.index["size_bytes"] = 3 << 30
    assert (await client.refusal()).code == "bundle-too-large"
    assert client.origin.ranges == []


async def test_a_download_that_is_given_up_leaves_its_part(client: Client) -> None:
    client.origin.held_at = 500_000
    fetching = asyncio.create_task(client.fetch())
    while not client.percents:
        await asyncio.sleep(0.01)
    fetching.cancel()
    await asyncio.gather(fetching, return_exceptions=True)
    assert 0 < client.files.part.stat().st_size <= 500_000

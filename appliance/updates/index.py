"""A source's index: a JSON file at an HTTPS address that says which version there is, and where its bundle lies."""

from pathlib import PurePosixPath
from typing import Annotated
from urllib.parse import urljoin, urlsplit

import msgspec
from msgspec import Meta

from appliance.core.errors import ProblemError
from appliance.slots.versions import Version, VersionError
from appliance.updates import problems

INDEX_NAME = "index.json"
MOST_INDEX_BYTES = 64 * 1024


class Index(msgspec.Struct, frozen=True, kw_only=True):
    """What lies there. file: the bundle's address, mostly a name beside the index; further fields are for later."""

    version: Annotated[str, Meta(min_length=1, max_length=64)]
    file: Annotated[str, Meta(min_length=1, max_length=1000)]
    size_bytes: Annotated[int, Meta(ge=1, le=1 << 32)]
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    notes: Annotated[str, Meta(max_length=4000)] = ""


def index_address(url: str) -> str:
    """The index's own address: a URL that ends in .json, or index.json in the folder. Raises ProblemError."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise problems.bad_url("is no address") from None
    if parts.scheme != "https":
        raise problems.bad_url("does not begin with https://")
    if not parts.hostname or any(ord(character) <= 32 for character in url):
        raise problems.bad_url("is no address")
    if parts.username is not None or parts.password is not None:
        raise problems.bad_url("has a user name or a password in it, which would be shown")
    if parts.path.endswith(".json"):
        return parts._replace(fragment="").geturl()
    path = str(PurePosixPath("/" + parts.path.lstrip("/")) / INDEX_NAME)
    return parts._replace(path=path, query="", fragment="").geturl()


def parse_index(content: bytes) -> Index:
    """Raises ProblemError source-malformed."""
    try:
        index = msgspec.json.decode(content, type=Index)
        Version.parse(index.version)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, VersionError) as error:
        raise problems.source_malformed(str(error)) from None
    return index


def bundle_address(index_url: str, index: Index) -> str:
    """Where the bundle lies. Raises ProblemError where that is not HTTPS."""
    try:
        address = urljoin(index_url, index.file)
        index_address(address)
    except (ValueError, ProblemError):
        raise problems.source_malformed("the bundle's address is not HTTPS") from None
    return address


def is_newer(version: str, running: str) -> bool:
    """Whether a version is newer than the one that runs; one that cannot be compared is not."""
    try:
        return Version.parse(running) < Version.parse(version)
    except VersionError:
        return False

"""Addresses and indexes: what is taken, and that nothing else does harm."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.errors import ProblemError
from appliance.updates.index import Index, bundle_address, index_address, is_newer, parse_index

GOOD = {"version": "1.3.0", "file": "gatehouse-1.3.0.raucb", "size_bytes": 5, "sha256": "0" * 64}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://updates.example/gatehouse/", "https://updates.example/gatehouse/index.json"),
        ("https://updates.example/gatehouse", "https://updates.example/gatehouse/index.json"),
        ("https://updates.example", "https://updates.example/index.json"),
        ("https://updates.example:8443/stable.json?kind=a", "https://updates.example:8443/stable.json?kind=a"),
        ("https://[2001:db8::1]/", "https://[2001:db8::1]/index.json"),
    ],
)
def test_a_source_is_an_index_or_its_folder(url: str, expected: str) -> None:
    assert index_address(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "updates.example",
        "http://updates.example/",
        "file:///etc/passwd",
        "https://",
        "https://user:secret@updates.example/",
        "https://token@updates.example/",
        "https://updates.example:99999999/",
        "https://updates.example/a b",
        "https://[",
    ],
)
def test_what_is_no_address_of_a_source_is_refused_by_its_field(url: str) -> None:
    with pytest.raises(ProblemError) as caught:
        index_address(url)
    assert (caught.value.code, caught.value.field) == ("bad-source", "url")
    assert "secret" not in str(caught.value.to_json())


@given(st.text(max_size=60))
def test_whatever_is_entered_is_taken_or_refused(text: str) -> None:
    with suppress(ProblemError):
        assert index_address(text).startswith("https://")


def test_an_index_may_say_more_than_this_version_knows() -> None:
    index = parse_index(json.dumps({**GOOD, "for": "later"}).encode())
    assert (index.version, index.notes) == ("1.3.0", "")


@pytest.mark.parametrize(
    "change",
    [{"version": "newest"}, {"size_bytes": 0}, {"size_bytes": 1 << 40}, {"sha256": "ABC"}, {"file": ""}, {"notes": 5}],
)
def test_a_malformed_index_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ProblemError, match="source-malformed"):
        parse_index(json.dumps({**GOOD, **change}).encode())


@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_whatever_lies_there_is_an_index_or_is_refused(content: bytes) -> None:
    with suppress(ProblemError):
        assert isinstance(parse_index(content), Index)


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("a.raucb", "https://updates.example/gatehouse/a.raucb"),
        ("/b/a.raucb", "https://updates.example/b/a.raucb"),
        ("https://cdn.example/a.raucb?x=1", "https://cdn.example/a.raucb?x=1"),
        ("http://cdn.example/a.raucb", None),
        ("//[", None),
    ],
)
def test_the_bundle_lies_beside_the_index_or_at_another_https_address(file: str, expected: str | None) -> None:
    index = parse_index(json.dumps({**GOOD, "file": file}).encode())
    if expected is None:
        with pytest.raises(ProblemError, match="source-malformed"):
            bundle_address("https://updates.example/gatehouse/index.json", index)
    else:
        assert bundle_address("https://updates.example/gatehouse/index.json", index) == expected


@pytest.mark.parametrize(
    ("version", "running", "expected"),
    [("1.10.0", "1.9.0", True), ("1.9.0", "1.9.0", False), ("1.9.0-rc.1", "1.9.0", False), ("x", "1.0.0", False)],
)
def test_what_is_newer(version: str, running: str, expected: bool) -> None:
    assert is_newer(version, running) is expected

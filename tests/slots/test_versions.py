"""The order of versions: the standard's own example, and that it is an order."""

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.slots.versions import Version, VersionError

NUMBERS = st.integers(0, 10**9 - 1)
WORDS = st.lists(st.from_regex(r"0|[1-9][0-9]{0,5}|[0-9]{0,2}[A-Za-z-]{1,4}", fullmatch=True), max_size=3)
VERSIONS = st.builds(
    lambda numbers, words: ".".join(map(str, numbers)) + ("-" + ".".join(words) if words else ""),
    st.tuples(NUMBERS, NUMBERS, NUMBERS),
    WORDS,
)


def test_the_standards_example() -> None:
    before = "alpha alpha.1 alpha.beta beta beta.2 beta.11 rc.1"
    texts = [*(f"1.0.0-{words}" for words in before.split()), "1.0.0", "2.0.0", "2.1.0", "2.1.1"]
    versions = [Version.parse(text) for text in texts]
    assert all(older < newer for older, newer in pairwise(versions))


@given(VERSIONS, VERSIONS, VERSIONS)
def test_it_is_an_order(first: str, second: str, third: str) -> None:
    a, b, c = sorted(map(Version.parse, (first, second, third)))
    assert a <= b <= c
    assert a <= c


@given(VERSIONS)
def test_a_build_counts_not(text: str) -> None:
    if len(text) < 50:
        assert Version.parse(text + "+build.7") == Version.parse(text)


@pytest.mark.parametrize(
    "text",
    ["", "1", "1.2", "1.2.3.4", "v1.2.3", "01.2.3", "1.2.3-", "1.2.3 ", "1.٢.3", "1.2.3-01", "1.2.3-" + "a" * 60],
)
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(VersionError):
        Version.parse(text)


@given(st.text(max_size=80))
def test_whatever_comes_is_a_version_or_is_refused(text: str) -> None:
    with suppress(VersionError):
        assert not Version.parse(text) < Version.parse(text)

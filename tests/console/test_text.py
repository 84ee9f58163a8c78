"""Lines and keys: whatever comes from elsewhere, a terminal gets nothing that it would obey."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.console.inputs import addresses, exactly, gateway_for, hostname, interface, utc_time
from appliance.console.keys import BACKSPACE, DOWN, ENTER, ESCAPE, NEXT, PREVIOUS, REDRAW, UP, decode
from appliance.console.screen import Screen
from appliance.console.text import fitted, in_columns, printable, size_of, wrapped
from tests.console.terminal import rendered


@given(st.text())
def test_whatever_is_shown_is_printable_ascii(text: str) -> None:
    assert re.fullmatch(r"[ -~]*", printable(text))


@given(st.text(), st.integers(2, 60), st.sampled_from(["", " "]))
def test_a_paragraph_fits_and_loses_nothing_but_spaces(text: str, width: int, indent: str) -> None:
    lines = wrapped(text, width, indent)
    assert lines
    assert all(len(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(printable(text).split())


@given(st.lists(st.text(max_size=200), max_size=40), st.integers(20, 80), st.integers(1, 40))
def test_a_picture_never_makes_a_terminal_scroll(lines: list[str], columns: int, rows: int) -> None:
    picture = fitted(lines, columns, rows)
    assert len(picture) <= rows
    assert all(len(line) < columns for line in picture)


@given(st.binary())
def test_any_bytes_are_keys_or_nothing(data: bytes) -> None:
    names = {ENTER, BACKSPACE, ESCAPE, REDRAW, UP, DOWN, NEXT, PREVIOUS}
    assert all(key in names or (len(key) == 1 and " " <= key <= "~") for key in decode(data))


@pytest.mark.parametrize(
    ("data", "keys"),
    [
        (b"1\r", ["1", ENTER]),
        (b"\x1b", [ESCAPE]),
        (b"\x1b[A\x1b[B\x1bOA", [UP, DOWN, UP]),
        (b"\x1b[5~\x1b[6~\x1b[15~x", [PREVIOUS, NEXT, "x"]),
        (b"\x7f\x08\x0c\x03", [BACKSPACE, BACKSPACE, REDRAW, ESCAPE]),
        (b"\x1b[", []),
        ("ä".encode(), []),
    ],
)
def test_keys_are_told_apart(data: bytes, keys: list[str]) -> None:
    assert decode(data) == keys


@given(st.lists(st.tuples(st.lists(st.text(max_size=100), max_size=30), st.text("ab", max_size=9)), max_size=6))
def test_after_any_pictures_the_screen_shows_the_last_one(pictures: list[tuple[list[str], str]]) -> None:
    sent = bytearray()
    screen = Screen(sent.extend, capable=True, columns=80, rows=24)
    for lines, typed in pictures:
        screen.show(lines, "Prompt:", typed)
    if pictures:
        lines, typed = pictures[-1]
        expected = [*fitted(lines, 80, 23), f"Prompt: {typed}".rstrip()]
        assert rendered(sent.decode()).rstrip("\n") == "\n".join(expected)


def test_a_picture_that_is_the_same_is_not_sent_again() -> None:
    sent = bytearray()
    screen = Screen(sent.extend, capable=True)
    screen.show(["a", "b"], "Prompt:")
    before = len(sent)
    screen.show(["a", "b"], "Prompt:")
    assert len(sent) == before


def test_while_others_write_too_a_change_draws_everything() -> None:
    sent = bytearray()
    screen = Screen(sent.extend, capable=True)
    screen.unsettled = True
    screen.show(["first", "b"], "Prompt:")
    before = len(sent)
    screen.show(["first", "c"], "Prompt:")
    assert b"first" in sent[before:]


def test_sizes_and_columns_are_for_people() -> None:
    assert [size_of(n) for n in (999, 1500, 2_340_000, 1_500_000_000, 812_000_000_000, 2_000_000_000_000)] == [
        "999 bytes",
        "2 kB",
        "2 MB",
        "1.5 GB",
        "812 GB",
        "2.0 TB",
    ]
    assert in_columns(["a", "b", "c"], 10) == ["a    c", "b"]


@pytest.mark.parametrize(
    ("check", "text", "taken"),
    [
        (interface, "192.0.2.10/24", "192.0.2.10/24"),
        (interface, "2001:db8::1/64", "2001:db8::1/64"),
        (lambda text: gateway_for("192.0.2.10/24", text), "192.0.2.1", "192.0.2.1"),
        (lambda text: gateway_for("192.0.2.10/24", text), "", ""),
        (addresses, "192.0.2.1, 192.0.2.2", "192.0.2.1 192.0.2.2"),
        (addresses, "", ""),
        (hostname, "Gate-7", "gate-7"),
        (utc_time, "2026-11-25 16:30", "2026-11-25T16:30:00Z"),
        (lambda text: exactly("x", text), "x", "x"),
    ],
)
def test_what_is_typed_is_taken_as_it_is_meant(check, text: str, taken: str) -> None:  # type: ignore[no-untyped-def]
    assert check(text) == taken


@pytest.mark.parametrize(
    ("check", "text"),
    [
        *[(interface, text) for text in ("", "x", "192.0.2.10", "127.0.0.1/8", "224.0.0.1/4", "0.0.0.0/0")],
        *[(lambda text: gateway_for("192.0.2.10/24", text), text) for text in ("x", "198.51.100.1")],
        (addresses, "dns.example"),
        *[(hostname, text) for text in ("", "-a", "a_b", "a" * 64, "a.b")],
        *[(utc_time, text) for text in ("", "tomorrow", "2026-13-01 00:00", "2026-11-25T16:30")],
        (lambda text: exactly("x", text), "y"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_sentence(check, text: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=r"\w+ .*\."):
        check(text)

"""Sealed with a password: what comes out is what went in, or a problem."""

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.backup.model import Kind, Summary
from appliance.backup.sealing import MAGIC, PIECE_BYTES, TAG_BYTES, SealingWriter, UnsealingReader, read_summary
from appliance.core.errors import ProblemError

SUMMARY = Summary(kind=Kind.USER, made="2026-01-01T00:00:00Z", version="0.1.0", machine="x")
PASSWORD = "several words together"


def sealed(content: bytes, password: str = PASSWORD) -> bytes:
    out = io.BytesIO()
    with SealingWriter(out, password, SUMMARY) as writer:
        writer.write(content)
    return out.getvalue()


def opened(content: bytes, password: str = PASSWORD) -> bytes:
    return io.BufferedReader(UnsealingReader(io.BytesIO(content), password)).read()


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES])
def test_what_was_sealed_comes_out(size: int) -> None:
    content = bytes(n % 251 for n in range(size))
    assert opened(sealed(content)) == content


def test_it_is_another_file_every_time_and_says_what_it_is() -> None:
    first, second = sealed(b"x" * 100), sealed(b"x" * 100)
    assert first != second
    assert read_summary(io.BytesIO(first)) == SUMMARY
    assert b"xxxx" not in first


def test_another_password_does_not_open_it() -> None:
    with pytest.raises(ProblemError, match="wrong-backup-password"):
        opened(sealed(b"x"), "something else entirely")


CONTENT = sealed(bytes(2 * PIECE_BYTES + 100))
BODY = CONTENT.index(b"\n", len(MAGIC)) + 1


@settings(max_examples=25)
@given(st.integers(0, len(CONTENT) - 1), st.integers(1, 255))
def test_a_byte_that_is_another_is_found_wherever_it_is(at: int, by: int) -> None:
    changed = bytearray(CONTENT)
    changed[at] ^= by
    with pytest.raises(ProblemError):
        opened(bytes(changed))


@pytest.mark.parametrize("kept", [0, len(MAGIC), BODY, BODY + PIECE_BYTES + TAG_BYTES, len(CONTENT) - 1])
def test_an_end_that_is_cut_off_is_found(kept: int) -> None:
    with pytest.raises(ProblemError):
        opened(CONTENT[:kept])


def test_pieces_that_changed_places_are_found() -> None:
    piece = PIECE_BYTES + TAG_BYTES
    first, second = CONTENT[BODY : BODY + piece], CONTENT[BODY + piece : BODY + 2 * piece]
    with pytest.raises(ProblemError):
        opened(CONTENT[:BODY] + second + first + CONTENT[BODY + 2 * piece :])


def test_a_file_cannot_ask_for_all_memory() -> None:
    changed = CONTENT.replace(b'"cost_log2":15', b'"cost_log2":30', 1)
    with pytest.raises(ProblemError, match="not-a-backup"):
        opened(changed)

import asyncio
import sqlite3
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from appliance.core.clock import US_PER_S, ManualClock
from appliance.core.errors import ProblemError
from appliance.security.access import Access
from appliance.security.device import DeviceMarks
from appliance.security.passwords import MOST_WAITING, Passwords
from appliance.security.roles import Role
from appliance.security.sessions import IDLE_S, MOST_PER_USER, csrf_of
from appliance.security.setup_code import SIGNS, SetupCode
from appliance.security.tokens import MOST_TOKENS

PASSWORD = "several words together"


async def test_a_session_is_found_by_its_token_alone(access: Access) -> None:
    await access.users.add("ada", PASSWORD, Role.VIEWER)
    token = await access.sessions.start("ada")
    session = await access.sessions.find(token)
    assert session is not None and session.username == "ada"
    for other in (token[:-1], token + "x", session.id, session.token_hash.hex(), "", "\ud800"):
        assert await access.sessions.find(other) is None
    assert csrf_of(token) not in (token, csrf_of(token + "x"))


async def test_only_hashes_of_tokens_are_stored(access: Access, tmp_path: Path) -> None:
    await access.users.add("ada", PASSWORD, Role.VIEWER)
    secrets = [await access.sessions.start("ada"), (await access.tokens.make("x", Role.VIEWER, "ada"))[1], PASSWORD]
    with sqlite3.connect(tmp_path / "security.db") as db:
        dump = "\n".join(db.iterdump())
    assert "$argon2id$" in dump
    assert not [secret for secret in secrets if secret in dump]


async def test_the_real_hasher_takes_the_memory_that_rfc_9106_recommends() -> None:
    hasher = PasswordHasher()
    assert (hasher.memory_cost, hasher.time_cost) >= (64 * 1024, 3)
    assert hasher.hash("x").startswith("$argon2id$")


async def test_the_oldest_session_goes_when_a_user_has_too_many(access: Access) -> None:
    await access.users.add("ada", PASSWORD, Role.VIEWER)
    tokens = [await access.sessions.start("ada") for _ in range(MOST_PER_USER + 1)]
    assert await access.sessions.find(tokens[0]) is None
    assert await access.sessions.find(tokens[-1]) is not None


async def test_an_open_socket_keeps_a_session_in_use(access: Access, clock: ManualClock) -> None:
    await access.users.add("ada", PASSWORD, Role.VIEWER)
    watched, left = await access.sessions.start("ada"), await access.sessions.start("ada")
    session = await access.sessions.find(watched)
    assert session is not None
    session.sockets += 1
    for _ in range(3):
        clock.advance(IDLE_S // 2 * US_PER_S)
        await access.sessions.expire()
    assert await access.sessions.find(watched) is session
    assert await access.sessions.find(left) is None
    assert not session.ended.is_set()


async def test_everything_is_there_after_a_restart(tmp_path: Path, clock: ManualClock) -> None:
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    first = await Access(tmp_path, clock, Passwords(quick)).open()
    await first.users.add("ada", PASSWORD, Role.OPERATOR)
    session, (_, token) = await first.sessions.start("ada"), await first.tokens.make("x", Role.VIEWER, "ada")
    mark = first.devices.make("ada")
    await first.close()
    second = await Access(tmp_path, clock, Passwords(quick)).open()
    assert await second.sessions.find(session) is not None
    assert await second.tokens.find(token) is not None
    assert second.devices.belongs(mark, "ADA")
    assert await second.users.verify("ADA", PASSWORD) == second.users.get("ada")
    await second.close()


async def test_a_name_is_taken_in_every_case(access: Access) -> None:
    await access.users.add("Ada", PASSWORD, Role.VIEWER)
    with pytest.raises(ProblemError, match="name-taken"):
        await access.users.add("ADA", PASSWORD, Role.VIEWER)


async def test_tokens_are_bounded(access: Access) -> None:
    for number in range(MOST_TOKENS):
        await access.tokens.make(str(number), Role.VIEWER, "ada")
    with pytest.raises(ProblemError, match="too-many-tokens"):
        await access.tokens.make("one more", Role.VIEWER, "ada")


async def test_checks_that_wait_are_bounded() -> None:
    passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    stored = await passwords.hash(PASSWORD)
    checks = [passwords.matches(stored, PASSWORD) for _ in range(3 * MOST_WAITING)]
    outcomes = await asyncio.gather(*checks, return_exceptions=True)
    assert outcomes.count(True) == MOST_WAITING
    assert {str(o).split(":")[0] for o in outcomes if isinstance(o, ProblemError)} == {"busy"}
    passwords.close()


async def test_a_damaged_hash_lets_nobody_in() -> None:
    passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    assert not await passwords.matches("$argon2id$torn", PASSWORD)
    assert not await passwords.matches("", PASSWORD)
    passwords.close()


def test_a_mark_belongs_to_one_user_and_one_appliance() -> None:
    marks = DeviceMarks(b"k" * 32)
    mark = marks.make("ada")
    assert marks.belongs(mark, "ada") and not marks.belongs(mark, "eve")
    assert not DeviceMarks(b"j" * 32).belongs(mark, "ada")
    assert not any(marks.belongs(other, "ada") for other in ("", ".", mark[:-1], mark.upper(), "\ud800"))


def test_setup_codes_are_random_and_long_enough(tmp_path: Path) -> None:
    codes = set()
    for number in range(50):
        (tmp_path / str(number)).mkdir()
        codes.add(SetupCode(tmp_path / str(number) / "code").make())
    assert len(codes) == 50
    letters = {sign for code in codes for sign in code} - {"-"}
    assert letters <= set(SIGNS) and len(letters) > 25
    assert len(SIGNS) ** len(next(iter(codes)).replace("-", "")) >= 2**40


def test_a_code_is_read_as_people_write_it(tmp_path: Path) -> None:
    code = SetupCode(tmp_path / "code")
    (tmp_path / "code").write_text("01ABC-DEFGH")
    assert all(code.matches(given) for given in ("01ABC-DEFGH", "olabc defgh", "oIabcdefgh"))
    assert not any(code.matches(given) for given in ("", "01ABC", "01ABC-DEFGHX", "01ABC-DEFGJ"))
    code.void()
    code.void()
    assert not code.matches("01ABC-DEFGH") and not code.matches("")


@pytest.mark.parametrize("left", [b"", b"\n", b"01A", bytes(11), b"\xff" * 11])
def test_a_code_whose_file_lost_its_content_lets_nobody_in_and_is_made_anew(tmp_path: Path, left: bytes) -> None:
    code = SetupCode(tmp_path / "code")
    (tmp_path / "code").write_bytes(left)
    assert not any(code.matches(given) for given in ("", left.decode("latin-1"), left.decode(errors="replace")))
    assert code.matches(code.make())

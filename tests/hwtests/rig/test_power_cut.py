"""The replay of a disk's write log, against what a disk may do: property tests."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwtests.rig.power_cut import Cut, KeepAll, LoseUnflushed, replay
from hwtests.rig.write_log import SECTOR, Flag, LogError, LogWriter, last_flush, read_entries

DISK_SECTORS = 12
BEFORE = 0xEE


@dataclass(frozen=True)
class Request:
    """kind: write, fua, discard or flush; fill: what every byte of it is, and never BEFORE or 0."""

    kind: str
    sector: int = 0
    sectors: int = 0
    fill: int = 0


@st.composite
def requests(draw: st.DrawFn) -> list[Request]:
    kinds = draw(st.lists(st.sampled_from(["write", "write", "write", "fua", "discard", "flush"]), max_size=30))
    made = []
    for number, kind in enumerate(kinds, 1):
        if kind == "flush":
            made.append(Request(kind))
            continue
        sector = draw(st.integers(0, DISK_SECTORS - 1))
        sectors = draw(st.integers(1, DISK_SECTORS - sector))
        made.append(Request(kind, sector, sectors, 0 if kind == "discard" else number))
    return made


def written(asked: Sequence[Request], sector_size: int = SECTOR) -> bytes:
    log = io.BytesIO()
    writer = LogWriter(log, sector_size)
    for request in asked:
        offset, size = request.sector * sector_size, request.sectors * sector_size
        if request.kind == "flush":
            writer.flush()
        elif request.kind == "discard":
            writer.discard(offset, size)
        else:
            writer.add(offset, bytes([request.fill]) * size, Flag.FUA if request.kind == "fua" else Flag(0))
    return log.getvalue()


def replayed(folder: Path, asked: Sequence[Request], cut: Cut, upto: int | None = None) -> list[int]:
    """What the first byte of every sector is afterwards; all bytes of a sector are the same."""
    log, disk = folder / "log", folder / "disk"
    log.write_bytes(written(asked))
    disk.write_bytes(bytes([BEFORE]) * DISK_SECTORS * SECTOR)
    replay(log, disk, cut, upto)
    content = disk.read_bytes()
    sectors = [content[at : at + SECTOR] for at in range(0, len(content), SECTOR)]
    assert len(sectors) == DISK_SECTORS
    assert all(len(set(sector)) == 1 for sector in sectors)
    return [sector[0] for sector in sectors]


def ideal(asked: Sequence[Request]) -> list[int]:
    """A disk that does as it is told, at once."""
    disk = [BEFORE] * DISK_SECTORS
    for request in asked:
        disk[request.sector : request.sector + request.sectors] = [request.fill] * request.sectors
    return disk


def allowed(asked: Sequence[Request]) -> list[set[int]]:
    """For each sector what it may hold: the last that was made durable there, or anything written later."""
    flushed = max((number + 1 for number, one in enumerate(asked) if one.kind == "flush"), default=0)
    may = [{fill} for fill in ideal(asked[:flushed])]
    for request in asked[flushed:]:
        for sector in range(request.sector, request.sector + request.sectors):
            may[sector] = {request.fill} if request.kind == "fua" else may[sector] | {request.fill}
    return may


@pytest.fixture(scope="module", name="folder")
def folder_fixture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("replay")


@given(requests())
def test_a_disk_that_keeps_all_holds_all(folder: Path, asked: list[Request]) -> None:
    assert replayed(folder, asked, KeepAll()) == ideal(asked)


@given(requests(), st.integers(0, 30))
def test_a_log_is_replayed_to_any_point(folder: Path, asked: list[Request], upto: int) -> None:
    assert replayed(folder, asked, KeepAll(), upto) == ideal(asked[:upto])


@given(requests(), st.floats(0, 1), st.integers())
def test_what_was_flushed_stays_and_of_the_rest_each_sector_is_old_or_new(
    folder: Path, asked: list[Request], keep: float, seed: int
) -> None:
    left = replayed(folder, asked, LoseUnflushed(keep, seed))
    assert [sector for sector, may in zip(left, allowed(asked), strict=True) if sector not in may] == []


@given(requests(), st.integers())
def test_a_lost_cache_leaves_what_was_flushed_and_forced(folder: Path, asked: list[Request], seed: int) -> None:
    flushed = max((number + 1 for number, one in enumerate(asked) if one.kind == "flush"), default=0)
    durable = [*asked[:flushed], *(one for one in asked[flushed:] if one.kind == "fua")]
    assert replayed(folder, asked, LoseUnflushed(0, seed)) == ideal(durable)


@given(requests(), st.floats(0, 1), st.integers())
def test_the_same_seed_cuts_the_same_way(folder: Path, asked: list[Request], keep: float, seed: int) -> None:
    cut = LoseUnflushed(keep, seed)
    assert replayed(folder, asked, cut) == replayed(folder, asked, cut)


@given(requests(), st.sampled_from([512, 4096]))
def test_a_log_says_what_was_asked(asked: list[Request], sector_size: int) -> None:
    entries = list(read_entries(io.BytesIO(written(asked, sector_size))))
    assert [(one.offset, one.size, one.is_flush) for one in entries] == [
        (request.sector * sector_size, request.sectors * sector_size, request.kind == "flush") for request in asked
    ]


@given(requests(), st.data())
def test_a_log_cut_short_gives_its_whole_entries(asked: list[Request], data: st.DataObject) -> None:
    log = written(asked)
    whole = list(read_entries(io.BytesIO(log)))
    short = log[: data.draw(st.integers(SECTOR, len(log)))]
    ended = [one for one in whole if one.data_at + (0 if Flag.DISCARD in one.flags else one.size) <= len(short)]
    assert list(read_entries(io.BytesIO(short))) == ended


@given(requests())
def test_a_log_ends_where_nothing_more_was_written(asked: list[Request]) -> None:
    log = written(asked)
    assert list(read_entries(io.BytesIO(log + bytes(9 * SECTOR)))) == list(read_entries(io.BytesIO(log)))


@given(requests())
def test_a_log_may_be_cut_before_its_head_was_written(asked: list[Request]) -> None:
    log = written(asked)
    assert list(read_entries(io.BytesIO(bytes(SECTOR) + log[SECTOR:]))) == list(read_entries(io.BytesIO(log)))


@given(st.binary(max_size=2048).filter(lambda content: len(content) < 28 or any(content[:28])))
def test_rubbish_is_no_log(content: bytes) -> None:
    with pytest.raises(LogError):
        list(read_entries(io.BytesIO(content)))


@given(requests())
def test_everything_may_be_lost_that_comes_after_the_last_flush(asked: list[Request]) -> None:
    entries = list(read_entries(io.BytesIO(written(asked))))
    assert not any(one.is_flush for one in entries[last_flush(entries) :])

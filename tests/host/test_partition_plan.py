"""What is to be done for the data partition, from the table alone."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.errors import ProblemError
from appliance.host.partition_plan import (
    DATA,
    LEAST_BYTES,
    UNFINISHED,
    Create,
    Format,
    Partition,
    Table,
    Use,
    next_step,
    parse_table,
)

MIB = 1 << 20
ROOT_B = Partition(7, 1347 * MIB, 1024 * MIB, "gatehouse-root-b")
END_MIB = 1347 + 1024


def table(*more: Partition) -> Table:
    return Table(512, (ROOT_B, *more))


def test_on_a_new_disk_the_partition_is_made_behind_the_others_to_the_end() -> None:
    step = next_step(table(), 8192 * MIB)
    assert step == Create(Partition(8, END_MIB * MIB, (8192 - END_MIB - 1) * MIB, UNFINISHED))


def test_a_half_made_one_is_formatted_and_a_finished_one_is_not() -> None:
    half_made, done = (Partition(8, 3000 * MIB, 2000 * MIB, name) for name in (UNFINISHED, DATA))
    assert next_step(table(half_made), 8192 * MIB) == Format(half_made)
    assert next_step(table(done), 8192 * MIB) == Use(done)
    assert next_step(table(half_made, Partition(9, 5000 * MIB, MIB, DATA)), 8192 * MIB) != Format(half_made)


@pytest.mark.parametrize("disk_mib", [0, END_MIB, END_MIB + 1, END_MIB + 1024])
def test_a_disk_without_room_is_told_how_large_it_must_be(disk_mib: int) -> None:
    with pytest.raises(ProblemError) as raised:
        next_step(table(), disk_mib * MIB)
    assert raised.value.code == "data-disk-too-small"
    assert "at least 4 GB" in raised.value.remedy


@pytest.mark.parametrize("partitions", [(), (Partition(1, MIB, MIB, "Basic data partition"),)])
def test_a_disk_that_is_not_ours_is_left_alone(partitions: tuple[Partition, ...]) -> None:
    with pytest.raises(ProblemError, match="data-no-disk"):
        next_step(Table(512, partitions), 8192 * MIB)


@given(
    ends=st.lists(st.integers(1, 1 << 40), min_size=1, max_size=8),
    disk_bytes=st.integers(0, 1 << 44),
    sector=st.sampled_from([512, 4096]),
)
def test_what_is_made_overlaps_nothing_and_fits(ends: list[int], disk_bytes: int, sector: int) -> None:
    taken = tuple(Partition(n, 0, end, "gatehouse-x") for n, end in enumerate(ends, 1))
    try:
        step = next_step(Table(sector, taken), disk_bytes)
    except ProblemError as problem:
        assert problem.code == "data-disk-too-small"
        return
    assert isinstance(step, Create)
    made = step.partition
    assert made.start >= max(ends) and made.start % MIB == made.size % MIB == 0
    assert made.size >= LEAST_BYTES and made.start + made.size <= disk_bytes - 33 * sector
    assert made.number not in {part.number for part in taken}


def said(**table: Any) -> str:
    entry = {"node": "/dev/nvme0n1p3", "start": 2048, "size": 8, "name": "gatehouse-bootenv"}
    whole = {"label": "gpt", "device": "/dev/nvme0n1", "sectorsize": 4096, "partitions": [entry], **table}
    return json.dumps({"partitiontable": whole})


def test_sfdisks_sectors_become_bytes() -> None:
    assert parse_table(said()) == Table(4096, (Partition(3, 2048 * 4096, 8 * 4096, "gatehouse-bootenv"),))


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"partitiontable": null}', said(label="dos"), said(sectorsize="x"), said(partitions=[{}])]
)
def test_any_other_table_is_a_problem(text: str) -> None:
    with pytest.raises(ProblemError, match="data-no-disk"):
        parse_table(text)

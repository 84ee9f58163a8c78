"""What is known of the slots, from files that others write and that may be anything."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import appliance
from appliance.updates.slots import NO_SLOTS, read_slots, views

REPORT = {
    "running": "b",
    "next": "b",
    "slots": {"a": {"state": "good", "tries_left": 6}, "b": {"state": "good", "tries_left": 6}},
}
RAUC_NOTES = """[slot.rootfs.0]
bundle.compatible=gatehouse-amd64
bundle.version=1.1.0
status=ok

[slot.boot.0]
bundle.version=1.1.0
"""


def shown(folder: Path, report: Any, notes: str | None = None) -> list[tuple[str, str, str | None]]:
    (folder / "slots.json").write_text(json.dumps(report))
    if notes is not None:
        (folder / "status.raucs").write_text(notes)
    return [(view.name, view.state, view.version) for view in views(read(folder))]


def read(folder: Path) -> Any:
    return read_slots(folder / "slots.json", folder / "status.raucs")


def test_rauc_knows_what_it_installed_and_the_running_one_knows_itself(tmp_path: Path) -> None:
    assert shown(tmp_path, REPORT, RAUC_NOTES) == [("a", "good", "1.1.0"), ("b", "running", appliance.__version__)]


def test_the_version_an_image_brought_is_known_once_it_was_healthy(tmp_path: Path) -> None:
    assert shown(tmp_path, REPORT)[0] == ("a", "good", None)
    (tmp_path / "version-a").write_text("1.0.0\n")
    assert shown(tmp_path, REPORT)[0] == ("a", "good", "1.0.0")
    assert shown(tmp_path, REPORT, RAUC_NOTES)[0] == ("a", "good", "1.1.0")


@pytest.mark.parametrize(
    ("states", "running", "expected"),
    [
        (("good", "empty"), "a", ["running", "empty"]),
        (("good", "trial"), "a", ["running", "trial"]),
        (("good", "trial"), "b", ["good", "trial"]),
        (("bad", "good"), "b", ["bad", "running"]),
    ],
)
def test_the_words_for_a_slot(tmp_path: Path, states: tuple[str, str], running: str, expected: list[str]) -> None:
    slots = {name: {"state": state, "tries_left": 1} for name, state in zip("ab", states, strict=True)}
    report = {"running": running, "next": running, "slots": slots}
    assert [state for _, state, _ in shown(tmp_path, report)] == expected


def test_without_a_report_there_are_no_slots(tmp_path: Path) -> None:
    assert read(tmp_path) == NO_SLOTS


@given(
    st.one_of(st.none(), st.integers(), st.lists(st.text()), st.dictionaries(st.sampled_from(list(REPORT)), st.text()))
)
def test_a_report_that_is_none_is_as_no_report(tmp_path_factory: pytest.TempPathFactory, report: Any) -> None:
    folder = tmp_path_factory.mktemp("report")
    assert shown(folder, report, "no notes either") == []

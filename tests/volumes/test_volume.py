import threading
from pathlib import Path

import pytest

from appliance.core.clock import ManualClock
from appliance.core.errors import ProblemError
from appliance.volumes.volume import IDENTITY_FILE, Volume


def code_of(action: object) -> str:
    assert callable(action)
    with pytest.raises(ProblemError) as caught:
        action()
    assert caught.value.remedy
    return caught.value.code


def test_a_created_volume_opens_as_itself(tmp_path: Path) -> None:
    made = Volume.create(tmp_path / "one", ManualClock())
    assert Volume.open(tmp_path / "one", made.identity.id) == made
    assert made.usage().total_bytes >= made.usage().free_bytes > 0


def test_a_folder_without_identity_is_no_volume(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    assert code_of(lambda: Volume.open(tmp_path / "one")) == "volume-missing"
    assert code_of(lambda: Volume.open(tmp_path / "nowhere")) == "volume-missing"
    assert list((tmp_path / "one").iterdir()) == []


def test_another_disk_in_its_place_is_refused(tmp_path: Path) -> None:
    one = Volume.create(tmp_path / "one", ManualClock())
    Volume.create(tmp_path / "other", ManualClock())
    assert code_of(lambda: Volume.open(tmp_path / "other", one.identity.id)) == "volume-foreign"


@pytest.mark.parametrize("content", [b"", b"{", b'{"id":"x"}', b'{"id":"x","created":"","format":1,"more":2}'])
def test_a_damaged_identity_is_refused(tmp_path: Path, content: bytes) -> None:
    Volume.create(tmp_path / "one", ManualClock())
    (tmp_path / "one" / IDENTITY_FILE).write_bytes(content)
    assert code_of(lambda: Volume.open(tmp_path / "one")) == "volume-unreadable"


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    Volume.create(tmp_path / "one", ManualClock())
    (tmp_path / "one" / IDENTITY_FILE).write_bytes(b'{"id":"x","created":"","format":2}')
    assert code_of(lambda: Volume.open(tmp_path / "one")) == "volume-unreadable"


def test_a_folder_in_use_does_not_become_a_volume(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"x")
    assert code_of(lambda: Volume.create(tmp_path, ManualClock())) == "volume-not-empty"
    assert code_of(lambda: Volume.open_or_create(tmp_path, ManualClock())) == "volume-missing"


def test_a_power_cut_while_the_volume_was_made_is_made_good(tmp_path: Path) -> None:
    (tmp_path / "lost+found").mkdir()
    (tmp_path / f".{IDENTITY_FILE}.new").write_bytes(b'{"id":"x"')
    made = Volume.open_or_create(tmp_path, ManualClock())
    assert Volume.open_or_create(tmp_path, ManualClock()) == made
    assert {entry.name for entry in tmp_path.iterdir()} == {"lost+found", IDENTITY_FILE, "segments", "index"}


def test_units_that_start_together_share_one_volume(tmp_path: Path) -> None:
    found: list[Volume] = []
    start = threading.Barrier(8)

    def open_it() -> None:
        start.wait(10)
        found.append(Volume.open_or_create(tmp_path / "one", ManualClock()))

    threads = [threading.Thread(target=open_it) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(found) == 8
    assert len({volume.identity.id for volume in found}) == 1

"""The long runs of `make hwtest` in short."""

from pathlib import Path

import pytest

from hwtests.suites.kills import UNITS, kill_units
from hwtests.suites.soak import soak

pytestmark = pytest.mark.timeout(400)


def test_every_picture_of_every_camera_is_in_the_recordings(tmp_path: Path) -> None:
    result = soak(tmp_path, 4, 15)
    assert [camera for camera in result.cameras if camera.missing or camera.wrong or not camera.covers] == []
    assert result.findings == []


def test_units_that_are_killed_take_nothing_along_that_was_recorded(tmp_path: Path) -> None:
    result = kill_units(tmp_path, 6)
    assert result.unexplained == []
    assert result.taken_back == []
    assert result.findings == []
    assert {kill.unit for kill in result.kills} == set(UNITS)

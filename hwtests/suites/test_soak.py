import os
from pathlib import Path

import pytest

from hwtests.suites.soak import soak

CAMERAS = int(os.environ.get("GATEHOUSE_SOAK_CAMERAS", "32"))
SECONDS = int(os.environ.get("GATEHOUSE_SOAK_SECONDS", "600"))


@pytest.mark.soak
def test_every_picture_of_every_camera_is_in_the_recordings(tmp_path: Path) -> None:
    result = soak(tmp_path, CAMERAS, SECONDS)
    print("\n".join(result.lines()))
    assert [camera for camera in result.cameras if camera.missing or camera.wrong or not camera.covers] == []
    assert result.findings == []

"""A disk that is full to the last byte: the appliance starts all the same, refuses changes, and goes on with room."""

import json
from pathlib import Path

import pytest

from tests.small_disk import run_on_small_disk


@pytest.mark.timeout(200)
def test_the_appliance_starts_on_a_full_disk(tmp_path: Path) -> None:
    printed = run_on_small_disk("tests.appliance.full_disk", tmp_path, 24, timeout_s=180)
    assert json.loads(printed) == {"cameras": {"cameras": []}, "refused": "disk-full"}

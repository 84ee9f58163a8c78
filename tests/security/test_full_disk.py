"""A really full disk keeps nobody from looking, and the unit from no start: only signing in needs room."""

import json
from pathlib import Path

from tests.small_disk import run_on_small_disk


def test_sessions_are_good_on_a_full_disk(tmp_path: Path) -> None:
    assert json.loads(run_on_small_disk("tests.security.full_disk", tmp_path, 1)) == {
        "sign in": "FullError",
        "use": "found",
        "token": "found",
        "expire": "nothing",
        "idle": "nothing",
        "start again": "found",
    }

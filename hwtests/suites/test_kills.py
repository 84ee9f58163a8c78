import os
from pathlib import Path

import pytest

from hwtests.suites.kills import PROFILE, kill_units

KILLS = int(os.environ.get("GATEHOUSE_KILLS", "200"))
RESUMED_WITHIN_S = 5.0
FRAGMENT_S = PROFILE.gop_s + 2 / PROFILE.fps


@pytest.mark.soak
def test_a_unit_killed_at_any_instant_costs_the_fragment_being_written_and_five_seconds_at_most(tmp_path: Path) -> None:
    result = kill_units(tmp_path, KILLS)
    print("\n".join(result.lines()))
    assert result.unexplained == []
    assert result.taken_back == []
    assert result.findings == []
    assert max((loss.before_s for loss in result.losses), default=0) <= FRAGMENT_S
    assert max((loss.after_s for loss in result.losses), default=0) <= RESUMED_WITHIN_S

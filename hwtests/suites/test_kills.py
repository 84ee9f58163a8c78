import os
from pathlib import Path

import pytest

from hwtests.suites.kills import PROFILE, UNDERWAY_S, kill_units

KILLS = int(os.environ.get("GATEHOUSE_KILLS", "200"))
RESUMED_WITHIN_S = 5.0


@pytest.mark.soak
def test_a_unit_killed_at_any_instant_costs_the_fragment_being_written_and_five_seconds_at_most(tmp_path: Path) -> None:
    result = kill_units(tmp_path, KILLS)
    print("\n".join(result.lines()))
    assert result.unexplained == []
    assert result.taken_back == []
    assert result.findings == []
    assert result.most_lost_s <= PROFILE.gop_s + UNDERWAY_S
    assert result.longest_pause_s <= RESUMED_WITHIN_S

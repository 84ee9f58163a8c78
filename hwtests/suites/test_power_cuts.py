import math
import os
from pathlib import Path

import pytest

from bench.results import at_least, at_most, merge
from hwtests.appliance import ApiError
from hwtests.rig.bundles import good_bundle
from hwtests.rig.choice import missing
from hwtests.rig.recorder import PROFILE, Recorder
from hwtests.suites.power_cuts import GRACE_S, Cutter, PowerCuts

CUTS = int(os.environ.get("GATEHOUSE_POWER_CUTS", "20"))
LONGEST_S = float(os.environ.get("GATEHOUSE_POWER_CUTS_LONGEST_S", "inf"))  # on a slow machine: then no further cut
FEWEST = 5
SEED = int(os.environ.get("GATEHOUSE_POWER_CUTS_SEED", "1"))
CAMERAS = 2


@pytest.mark.rig
@pytest.mark.timeout(7200)
@pytest.mark.skipif(missing() is not None, reason=missing() or "")
def test_a_power_cut_at_any_instant_costs_a_fragment_and_a_second_at_most_and_no_repair(tmp_path: Path) -> None:
    with Recorder.recording(tmp_path, CAMERAS) as recorder:
        cutter = Cutter(recorder, good_bundle(tmp_path), recorder.start_s, SEED)
        try:
            cutter.run(CUTS, LONGEST_S)
        except (OSError, ApiError) as error:  # of which TimeoutError is one
            cutter.result.repairs.append(f"it did not go on by itself: {error!r}")
    result = cutter.result
    print("\n".join(result.lines()))
    report(result, emulated=recorder.rig.emulated)
    assert result.repairs == []
    assert result.torn == []
    assert result.most_lost_s <= PROFILE.gop_s + GRACE_S
    assert len(result.cuts) >= (CUTS if math.isinf(LONGEST_S) else min(CUTS, FEWEST))


def report(result: PowerCuts, *, emulated: bool) -> None:
    """Into the bench's results."""
    where = "emulated (QEMU, disk cache lost by replay of its write log)" if emulated else "on the bench"
    summary = f"{where}: {'; '.join(result.lines())}"
    merge(
        [
            at_least("image.power_cuts", len(result.cuts), "cuts", 20, summary),
            at_most("image.power_cut_repairs", len(result.repairs), "repairs", 0, summary),
            at_most("image.power_cut_loss_s", result.most_lost_s, "s", PROFILE.gop_s + GRACE_S, summary),
        ]
    )

"""support-bundle."""

import argparse
import os
from pathlib import Path

from appliance.backup.support import SupportBundle
from appliance.condition.control import Control
from appliance.core.clock import SystemClock
from appliance.core.paths import Paths


def write(given: argparse.Namespace) -> int:
    """For its owner alone, although no secret is in it."""
    bundle = SupportBundle(Paths.from_environment(), SystemClock(), Control.from_environment())
    file = Path(given.file)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
        bundle.write(out)
    print(f"{file}: {file.stat().st_size / 1000:.0f} kB, without passwords, keys, tokens and codes")
    return 0

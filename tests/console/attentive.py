"""The console, looking more often than on an appliance: the tests wait for what it sees."""

import asyncio
import sys

from appliance.console.app import run_console

sys.exit(asyncio.run(run_console(look_every_s=0.1, settling_s=0)))

"""Start the appliance on a bench: `make run`. The supervisor runs the units; the demo site adds simulated cameras.

GATEHOUSE_DATA (state folder), GATEHOUSE_PORT (HTTPS), GATEHOUSE_SITE (demo or empty), GATEHOUSE_DEMO_PORT (RTSP of the
simulated cameras), GATEHOUSE_FOOTAGE (a folder of .mp4 files that the demo cameras may play).
"""

import json
import os
import shlex
import sys
from pathlib import Path

from hwtests.demo import demo_cameras

DEFAULT_DEMO_PORT = 18554


def demo_arguments(data: Path, rtsp_port: int, footage: str | None) -> list[str]:
    """Write the demo cameras' configuration for the api unit; return the supervisor's arguments that run them."""
    data.mkdir(parents=True, exist_ok=True)
    (data / "demo-cameras.json").write_text(json.dumps(demo_cameras(rtsp_port), indent=1))
    command = [sys.executable, "-m", "hwtests.camera", "--port", str(rtsp_port), "--demo"]
    if footage:
        command += ["--footage", footage]
    return ["--also", f"demo-cameras={shlex.join(command)}"]


def main() -> None:
    """Become the supervisor."""
    data = Path(os.environ.setdefault("GATEHOUSE_DATA", "var")).absolute()
    site = os.environ.setdefault("GATEHOUSE_SITE", "demo")
    if site not in ("demo", "empty"):
        sys.exit(f"GATEHOUSE_SITE is {site!r}; it must be 'demo' or 'empty'")
    arguments = [sys.executable, "-m", "appliance", "supervise"]
    if site == "demo":
        port = int(os.environ.get("GATEHOUSE_DEMO_PORT", DEFAULT_DEMO_PORT))
        arguments += demo_arguments(data, port, os.environ.get("GATEHOUSE_FOOTAGE"))
    os.execv(sys.executable, arguments)


if __name__ == "__main__":
    main()

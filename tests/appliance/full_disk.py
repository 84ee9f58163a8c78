"""Start an appliance on a small disk, fill that to the last byte, start it again; print what works then as JSON.

Usage: full_disk.py FOLDER, an empty file system of some ten MiB.
"""

import json
import sys
from pathlib import Path
from typing import Any

from hwtests.appliance import ApiClient, ApiError, Appliance, wait_for
from hwtests.camera.process import free_ports
from tests.small_disk import fill


def run(folder: Path) -> dict[str, Any]:
    (port,) = free_ports(1)
    with Appliance.start(folder, shards=1, GATEHOUSE_PORT=str(port)) as appliance:
        token = appliance.api.token
    fill(folder / "filler")
    with Appliance.start(folder, shards=1, set_up=False, GATEHOUSE_PORT=str(port)) as appliance:
        api = appliance.api
        api.token = token
        wait_for(lambda: api.call("GET", "/api/v1/health")["status"] == "ok" or None, 30, "every unit")
        cameras = api.call("GET", "/api/v1/cameras")
        refused = refusal(api)
        (folder / "filler").unlink()
        api.add_camera("Front", {"url": "rtsp://127.0.0.1:1/"})
        return {"cameras": cameras, "refused": refused}


def refusal(api: ApiClient) -> str:
    try:
        api.add_camera("Front", {"url": "rtsp://127.0.0.1:1/"})
    except ApiError as error:
        return str(error.body["code"])
    return "taken"


if __name__ == "__main__":
    print(json.dumps(run(Path(sys.argv[1]))))

"""The demo site's cameras: there until a real camera is added."""

import logging
import os
from pathlib import Path

import msgspec

from appliance.api.camera_book import CameraBook
from appliance.api.camera_views import NewCamera
from appliance.core.errors import ProblemError

log = logging.getLogger(__name__)

SITE_VARIABLE = "GATEHOUSE_SITE"
ACTOR = "demo site"


def apply_site(book: CameraBook, data: Path) -> None:
    """Add, renew or remove the demo cameras as GATEHOUSE_SITE says. Blocks. What is wrong with them stops nothing."""
    try:
        if os.environ.get(SITE_VARIABLE) == "demo":
            book.add_demo(_read(data / "demo-cameras.json"), actor=ACTOR)
        else:
            book.remove_demo(actor=ACTOR)
    except (ProblemError, msgspec.DecodeError, OSError) as error:
        log.error("the demo cameras cannot be used: %s", error)


def _read(file: Path) -> list[NewCamera]:
    try:
        return msgspec.json.decode(file.read_bytes(), type=list[NewCamera])
    except FileNotFoundError:
        return []

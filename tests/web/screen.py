"""What is on the screen of a stream: the burnt-in counter and UTC, read from the pixels the browser draws."""

import base64
import time
from dataclasses import dataclass

import numpy as np
from playwright.sync_api import Locator, Page

from hwtests.camera import burnt

PATIENCE_S = 45
# The green channel of the picture as it is now, and the second the page says it is of.
_PIXELS = """(video) => {
  if (video.readyState < 2 || video.videoWidth === 0) return null;
  const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  context.drawImage(video, 0, 0);
  const { data, width, height } = context.getImageData(0, 0, canvas.width, canvas.height);
  let green = '';
  for (let at = 1; at < data.length; at += 4) green += String.fromCharCode(data[at]);
  return { width, height, green: btoa(green) };
}"""


@dataclass(frozen=True)
class Shown:
    """One picture on the screen: the camera's frame counter and the UTC it was drawn at, in microseconds."""

    counter: int
    time_us: int


def stage_of(page: Page, name: str) -> Locator:
    """A camera's tile on the live page."""
    return page.get_by_role("article", name=name, exact=True)


def shown(place: Locator) -> Shown | None:
    """The picture a tile or stage shows now; None where there is none."""
    found = place.locator("video").evaluate(_PIXELS)
    if found is None:
        return None
    plane = np.frombuffer(base64.b64decode(found["green"]), np.uint8).reshape(found["height"], found["width"])
    code = burnt.decode(plane)
    return None if code is None else Shown(*code)


def wait_shown(place: Locator, after: Shown | None = None, frames: int = 1) -> Shown:
    """Wait for a picture, at least so many frames after another one; raises TimeoutError."""
    deadline = time.monotonic() + PATIENCE_S
    seen: Shown | None = None
    while time.monotonic() < deadline:
        seen = shown(place) or seen
        if seen and (after is None or seen.counter >= after.counter + frames):
            return seen
        place.page.wait_for_timeout(100)
    raise TimeoutError(f"no newer picture on the screen; the last one was {seen}, wanted {frames} after {after}")

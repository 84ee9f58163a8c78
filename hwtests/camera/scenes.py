"""The scenes by name. Each is drawn in units of 1280 × 720 at whatever size is asked for."""

from collections.abc import Callable

from hwtests.camera.scene_indoors import lobby, warehouse
from hwtests.camera.scene_outdoors import parking, street
from hwtests.camera.stage import Stage

SCENES: dict[str, Callable[[int, int], Stage]] = {
    "street": street,
    "warehouse": warehouse,
    "lobby": lobby,
    "parking": parking,
}


def open_scene(name: str, width: int, height: int) -> Stage:
    """A scene at a size in pixels; takes up to a second; raises KeyError for an unknown name."""
    return SCENES[name](width, height)

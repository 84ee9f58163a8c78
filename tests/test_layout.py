"""The direction of imports: a folder imports only from layers below it, and units never each other."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
APPLIANCE = ROOT / "appliance"
LAYERS = ("core", "slots", "db", "security", "media", "volumes", "recordings", "cameras", "host", "condition", "backup")
UNITS = ("bus", "ingest", "updates", "storage", "search", "doors", "switch", "analytics", "rules", "devices", "health")
TOP = ("api", "supervisor", "console", "cli")
FORBIDDEN_NAMES = {"util", "utils", "common", "helpers", "misc"}


def may_import(importer: str, imported: str) -> bool:
    if importer == imported:
        return True
    if importer in LAYERS:
        return imported in LAYERS[: LAYERS.index(importer)]
    if importer in UNITS:
        return imported in LAYERS
    return imported in LAYERS or (importer == "api" and imported in UNITS) or (importer, imported) == ("cli", "console")


def imports_of(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield node.module or ""


def wrong_imports(folder: str, source: str) -> list[str]:
    ours = [name.split(".")[1] for name in imports_of(source) if name.startswith("appliance.")]
    return [name for name in ours if not may_import(folder, name)]


def modules() -> list[Path]:
    return sorted(path for path in APPLIANCE.rglob("*.py") if path.parent != APPLIANCE)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(APPLIANCE)))
def test_a_module_imports_only_what_lies_below_it(path: Path) -> None:
    assert wrong_imports(path.relative_to(APPLIANCE).parts[0], path.read_text()) == []


def test_every_folder_has_its_place() -> None:
    folders = {path.name for path in APPLIANCE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders <= {*LAYERS, *UNITS, *TOP}


@pytest.mark.parametrize(
    ("folder", "source"),
    [
        ("core", "from appliance.media.model import VideoUnit"),
        ("ingest", "import appliance.api.server"),
        ("ingest", "def f():\n    from appliance.bus.broker import run_broker"),
        ("media", "from appliance.recordings import model"),
    ],
)
def test_a_wrong_import_is_found(folder: str, source: str) -> None:
    assert wrong_imports(folder, source)


def test_no_module_is_a_drawer_for_everything() -> None:
    assert not [path for path in ROOT.glob("appliance/**/*") if path.stem in FORBIDDEN_NAMES]


def test_the_simulators_share_no_code_with_what_they_test() -> None:
    for path in (ROOT / "hwtests").rglob("*.py"):
        assert not [name for name in imports_of(path.read_text()) if name.startswith("appliance.media")], path
